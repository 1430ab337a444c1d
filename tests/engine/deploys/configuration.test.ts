import { botToken } from "../support/application";
import { labelled } from "../support/docker";
import { Project } from "../support/project";

jest.setTimeout(120_000);

let project: Project;

beforeEach(async () => {
  project = await Project.create();
});
afterEach(() => project?.discard());

/** What the CLI says at the end of a command that must fail: its diagnostics, each once. */
function diagnostics(...command: string[]): string {
  const { status, stdout } = project.attempt("pulumi", [
    ...command,
    "--stack",
    project.stackName,
    "--color",
    "never",
  ]);
  expect(status).not.toBe(0);
  return stdout.slice(stdout.indexOf("Diagnostics:"));
}

test("wrong configuration is one message with every problem and its mending command, and nothing is created", async () => {
  await project.configure({
    httpPort: "eighty",
    domian: "example.com",
    botToken: "1",
    memory: '{"bot":"a lot"}',
  });

  for (const message of [diagnostics("preview"), diagnostics("up", "--yes", "--skip-preview")]) {
    expect(message).toContain(`The configuration of stack ${project.stackName} has `);
    for (const problem of [
      "dating:domian is not a known key; did you mean domain?",
      `pulumi config rm --stack ${project.stackName} dating:domian`,
      "dating:domain is missing",
      `pulumi config set --stack ${project.stackName} dating:domain 'dating.example.com'`,
      "dating:httpPort must be a whole number from 1 to 65535",
      "dating:botToken must be a token as @BotFather gives it",
      "dating:botToken is stored in plain text and must be encrypted",
      "dating:memory.bot must be a whole number with its unit",
      "dating:images.postgres is missing",
    ]) {
      expect(message).toContain(problem);
    }
    expect(message.match(/The configuration of stack/g)).toHaveLength(1);
    // Meant for a person: no stack trace.
    expect(message).not.toMatch(/^\s+at .*\.ts:\d+/m);
  }

  await nothingWasCreated();
});

test("a local image that was not built is named, with the command that builds it, and nothing is created", async () => {
  const bot = "dating-mini-app/bot:never-built";
  await project.configure(
    { domain: "localhost", localImages: "true", images: JSON.stringify({ bot }) },
    { botToken },
  );
  const message = diagnostics("up", "--yes", "--skip-preview");
  expect(message).toContain(
    `These local images are not on the Docker host; nothing was changed.\n      ${bot}\n`,
  );
  expect(message).toContain("make images");
  await nothingWasCreated();
});

async function nothingWasCreated(): Promise<void> {
  for (const kind of ["container", "network", "volume"] as const) {
    expect(await labelled(kind, project.prefix)).toEqual([]);
  }
  const { deployment } = await project.stack.exportStack();
  const resources = ((deployment as { resources?: { type: string }[] }).resources ?? []).map(
    ({ type }) => type,
  );
  expect(resources.filter((type) => type !== "pulumi:pulumi:Stack")).toEqual([]);
}
