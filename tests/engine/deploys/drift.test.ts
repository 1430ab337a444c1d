import { readFileSync } from "node:fs";
import { join } from "node:path";

import { uncompared } from "../../../ops/drift/compare";
import { application, botToken, rowCounts, sql } from "../support/application";
import { containerOf, docker, labelled, services } from "../support/docker";
import { requestUntil, requestUntilHealthy } from "../support/http";
import type { Project } from "../support/project";

jest.setTimeout(600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.up();
});
afterAll(() => project?.discard());

const drift = (...flags: string[]) => {
  const { status, stdout, stderr } = project.attempt("./dating", ["drift", project.stackName, ...flags]);
  return { status, text: stdout + stderr };
};

/** Starts a container in the place of a service's own, as somebody does in a hurry. */
async function replaceByHand(
  service: string,
  name: string,
  image: string,
  ...flags: string[]
): Promise<void> {
  const { [service]: before } = await services(project.prefix);
  await docker("rm", "--force", before!.Id);
  await docker(
    ...["run", "--detach", "--name", name, "--entrypoint", "sleep"],
    ...["--label", `dating.stack=${project.prefix}`, "--label", `dating.service=${service}`],
    ...[...flags, image, "600"],
  );
}

test("a stack as it was deployed has none, also after its containers were restarted", async () => {
  await docker("restart", ...(await labelled("container", project.prefix)));
  await requestUntilHealthy(url);
  expect(drift()).toEqual({ status: 0, text: `Stack ${project.stackName} is as it was deployed.\n` });
});

test("every input of every container is compared", () => {
  const containers = exported().filter(({ type }) => type === "docker:index/container:Container");
  expect(containers.length).toBeGreaterThanOrEqual(4);
  for (const { urn, inputs } of containers) expect([urn, uncompared(inputs)]).toEqual([urn, []]);
});

test("a removed container, changed labels, log options, images, passwords, limits and files are all found, told without a secret, and brought back", async () => {
  const rows = await rowCounts(project);
  const { webapp, bot, traefik, postgres } = await services(project.prefix);
  await docker("rm", "--force", webapp!.Id);
  await replaceByHand(
    "bot",
    `${project.prefix}-bot-by-hand`,
    bot!.Config.Image,
    "--label",
    "by=hand",
    "--log-opt",
    "max-size=77m",
  );
  await replaceByHand("traefik", traefik!.Name.slice(1), webapp!.Config.Image);
  await docker("update", "--memory", "400m", "--memory-swap", "400m", postgres!.Id);
  await docker(
    "exec",
    postgres!.Id,
    "sh",
    "-c",
    "chmod u+w /run/secrets/* && echo changed >/run/secrets/postgres_password",
  );
  await sql(project, "alter role dating password 'changed'");

  const report = join(project.directory, "drift.md");
  const found = drift("--markdown", report);
  expect(found.status).toBe(2);
  for (const line of [
    "webapp: its container is gone",
    "bot: its container is gone",
    `bot: the container ${project.prefix}-bot-by-hand was not deployed: it stands in for the one that was`,
    "bot: labels: ",
    "by nothing → hand",
    "bot: logOpts: max-file 3 → nothing, max-size 10m → 77m",
    "BOT_TOKEN is missing",
    `traefik: image: ${traefik!.Config.Image} → ${webapp!.Config.Image}`,
    "postgres: memory: 512 → 400",
    "postgres: the file /run/secrets/postgres_password has another content",
    "database-role: the role dating does not log in with the stack's password",
  ]) {
    expect(found.text).toContain(line);
  }
  expect(readFileSync(report, "utf8")).toContain("| webapp | its container is gone |");
  const shown = found.text + readFileSync(report, "utf8");
  for (const secret of secrets()) expect(shown.includes(secret)).toBe(false);

  const mended = drift("--fix");
  expect(mended).toEqual({ status: 0, text: expect.stringContaining("is as it was deployed.") });
  for (const secret of secrets()) expect(mended.text.includes(secret)).toBe(false);
  await requestUntilHealthy(url);
  expect((await requestUntil(`${url}/`, 200)).body).toContain("Dating Mini App");
  expect(await rowCounts(project)).toEqual(rows);
});

test("a repair never deploys something new on the way", async () => {
  await project.stack.setConfig("dating:nsfwThreshold", { value: "0.9" });
  const { webapp } = await services(project.prefix);
  await docker("rm", "--force", webapp!.Id);
  const { status, text } = drift("--fix");
  expect(status).toBe(1);
  expect(text).toContain("this checkout and configuration are not what was deployed");
  expect((await services(project.prefix)).webapp).toBeUndefined();
  await project.stack.setConfig("dating:nsfwThreshold", { value: "0.7" });
});

test("a removed volume is told as lost data, and is made up for by an empty one only when it is asked for", async () => {
  const volume = `${project.prefix}_postgres_data`;
  const { backup, bot } = await services(project.prefix);
  await docker("rm", "--force", containerOf(project.prefix, "postgres"));
  await docker("volume", "rm", volume);
  // What can be mended without a loss is mended on the way: a stopped container, and one beside the service's own.
  await docker("stop", backup!.Id);
  await docker(
    ...["run", "--detach", "--label", `dating.stack=${project.prefix}`, "--label", "dating.service=bot"],
    ...["--entrypoint", "sleep", bot!.Config.Image, "600"],
  );

  const refused = drift("--fix");
  expect(refused.status).toBe(1);
  expect(refused.text).toContain("postgres_data: the volume is gone, with all data in it");
  expect(refused.text).toContain("backup: its container does not run (exited)");
  expect(refused.text).toMatch(/bot: the container \S+ was not deployed\n/);
  expect(refused.text).toContain(`gone with all data: ${volume}. Restore it from a backup`);
  expect(await labelled("volume", project.prefix)).not.toContain(volume);

  expect(drift("--fix", "--empty-volumes").status).toBe(0);
  await requestUntilHealthy(url);
  expect((await requestUntil(`${url}/`, 200)).status).toBe(200);
  expect((await services(project.prefix)).bot?.Id).toBe(bot!.Id);
  expect(await sql(project, "select version_num from alembic_version")).toBe("003_add_user_settings");
});

interface Exported {
  urn: string;
  type: string;
  inputs: Record<string, unknown>;
  outputs?: { result?: { plaintext: string } };
}

/** The stack's state, with its secrets. */
function exported(): Exported[] {
  const text = project.run("pulumi", ["stack", "export", "--stack", project.stackName, "--show-secrets"]);
  return (JSON.parse(text) as { deployment: { resources: Exported[] } }).deployment.resources;
}

/** Every secret of the stack. */
function secrets(): string[] {
  const generated = exported().flatMap(({ type, outputs }) =>
    type === "random:index/randomPassword:RandomPassword"
      ? [JSON.parse(outputs!.result!.plaintext) as string]
      : [],
  );
  expect(generated.length).toBeGreaterThanOrEqual(3);
  return [...generated, botToken];
}
