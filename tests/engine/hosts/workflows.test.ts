import { createServer, request as ask, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { GitHubStandIn } from "../../support/github";
import { botToken } from "../support/application";
import { Project } from "../support/project";
import { startFakeS3, type FakeS3 } from "../support/stores/s3";
import { describeWithAct, Workflows, type Settings } from "../support/machines/workflows";

jest.setTimeout(600_000);

/** A way to a bucket for who may read it and no more. */
function readOnly(address: string, refused: string[]): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    if (method !== "GET" && method !== "HEAD") {
      refused.push(`${method} ${url}`);
      outgoing.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
      return;
    }
    ask(`${address}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    }).end();
  });
  return new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(server)));
}

const repository = "acme/dating";
const pullRequest = (number: number, from = repository) => ({
  name: "pull_request" as const,
  payload: {
    pull_request: { number, head: { ref: "change", repo: { full_name: from } }, base: { ref: "main" } },
    repository: { full_name: repository, name: "dating", owner: { login: "acme" }, default_branch: "main" },
  },
});

describeWithAct("the preview of a pull request, on a runner", () => {
  let project: Project;
  let github: GitHubStandIn;
  let workflows: Workflows;
  let s3: FakeS3;
  let reading: Server;
  let settings: Settings;
  const refused: string[] = [];

  beforeAll(async () => {
    project = await Project.create();
    github = await GitHubStandIn.start();
    s3 = await startFakeS3("state");
    const bucket = (address: string) =>
      `s3://state?endpoint=${address.replace("http://", "")}&disableSSL=true&s3ForcePathStyle=true&region=us-east-1`;
    const { AWS_ENDPOINT_URL, ...keys } = s3.environment;
    Object.assign(project.environment, keys, {
      PULUMI_BACKEND_URL: bucket(AWS_ENDPOINT_URL!),
      AWS_REGION: "us-east-1",
    });
    reading = await readOnly(AWS_ENDPOINT_URL!, refused);
    workflows = new Workflows(project, github);
    // A host that nobody reaches: whoever asks it waits, and fails.
    workflows.make(
      "staging",
      { domain: "localhost", localImages: "true", dockerHost: "ssh://deploy@192.0.2.1" },
      { botToken },
    );
    workflows.commit("Configure staging");
    settings = {
      secrets: { PULUMI_CONFIG_PASSPHRASE: project.environment.PULUMI_CONFIG_PASSPHRASE! },
      vars: {
        PULUMI_BACKEND_URL: bucket(`http://127.0.0.1:${(reading.address() as AddressInfo).port}`),
        AWS_ROLE_ARN: "arn:aws:iam::000000000000:role/reads-the-state",
        AWS_REGION: "us-east-1",
      },
    };
  });
  afterAll(() => {
    reading?.close();
    s3?.stop();
    github?.stop();
    project?.discard();
  });

  const preview = (name: "staging" | "prod", event = pullRequest(7)) =>
    workflows.run("preview.yml", "preview", event, settings, `stack:${workflows.stack(name)}`);
  const own = () => github.comments.filter(({ login }) => login === "github-actions[bot]");
  const marker = () => `<!-- dating-preview ${workflows.stack("staging")} -->`;

  test("is a comment, made of a state that may only be read, that says what it could not see", async () => {
    github.comment(7, "mallory", `${marker()}\nNothing changes.`);
    const { status, text } = await preview("staging");
    expect({ status, text }).toEqual({
      status: 0,
      text: expect.stringContaining("Not seen, as this was made from the state alone"),
    });
    expect(own()).toEqual([expect.objectContaining({ issue: 7, body: expect.stringContaining(marker()) })]);
    for (const part of ["It was not deployed yet.", "### Risks", "### Not seen", "**bot**: new"])
      expect(own()[0]!.body).toContain(part);
    expect(own()[0]!.body).not.toContain(botToken);
    expect([refused, github.unknown]).toEqual([[], []]);
  });

  test("is the same comment after the next commit, and nobody else's", async () => {
    const { id, body } = own()[0]!;
    project.run("pulumi", [
      "config",
      "set",
      "--stack",
      workflows.stack("staging"),
      "dating:httpPort",
      "18123",
    ]);
    workflows.commit("Serve on another port");
    expect(await preview("staging")).toMatchObject({ status: 0 });
    expect(own()).toHaveLength(1);
    expect(own()[0]).toMatchObject({ id, body: expect.stringContaining("0.0.0.0:18123") });
    expect(own()[0]!.body).not.toBe(body);
    expect(github.comments.find(({ login }) => login === "mallory")!.body).toBe(
      `${marker()}\nNothing changes.`,
    );
  });

  test("is none for a fork, whose code must not run with secrets", async () => {
    const { status, text } = await preview("staging", pullRequest(8, "mallory/dating"));
    expect({ status, ran: text.includes("Preview") && text.includes("ci/pipeline") }).toEqual({
      status: 0,
      ran: false,
    });
    expect(github.comments.filter(({ issue }) => issue === 8)).toEqual([]);
  });

  test("of a stack that nobody has made fails, and its comment says which command makes it", async () => {
    const { status } = await preview("prod");
    expect(status).not.toBe(0);
    expect(own().at(-1)!.body).toContain(`## No preview of \`${workflows.stack("prod")}\``);
    expect(own().at(-1)!.body).toContain(`./dating init ${workflows.stack("prod")}`);
  });
});
