import { readFileSync } from "node:fs";
import { join } from "node:path";

import { application, botToken } from "../support/application";
import { inspect, labelled, services } from "../support/docker";
import type { Project } from "../support/project";
import { soakTest } from "../support/soak";

let project: Project;

beforeAll(async () => {
  ({ project } = await application());
  await project.up();
}, 300_000);

afterAll(() => project.discard());

const containerIds = async () =>
  (await inspect(...(await labelled("container", project.prefix)))).map(({ Id }) => Id).sort();
const savePlan = () => project.run("./dating", ["preview", project.stackName, "--save-plan", "plan.json"]);
const apply = () => project.attempt("./dating", ["up", project.stackName, "--plan", "plan.json"]);

/** The passwords that the stack made. */
function generated(): string[] {
  const state = project.run("pulumi", ["stack", "export", "--show-secrets", "--stack", project.stackName]);
  const found = [...state.matchAll(/"plaintext": "\\"([^"\\]{20,})\\""/g)].map(([, value = ""]) => value);
  expect(found.length).toBeGreaterThan(2);
  return found;
}
const botEnvironment = async () => (await services(project.prefix)).bot!.Config.Env;

test("the comment for a pull request tells the risks, draws the stack as it is to be, and holds no secret", async () => {
  const port = await project.stack.getConfig("dating:httpPort");
  await project.configure({ httpPort: "19998", databasePasswordVersion: "2" });
  const shown = project.run("./dating", ["preview", project.stackName, "--markdown", "preview.md"]);
  const comment = readFileSync(join(project.directory, "preview.md"), "utf8");
  for (const line of [
    `<!-- dating-preview ${project.stackName} -->`,
    "**port published**: traefik: 0.0.0.0:19998 → 8000",
    "**absence**: traefik is stop-first",
    "**secret changed**: database-password is generated anew",
    "```mermaid\nflowchart LR\n",
    's_traefik["traefik<br>:19998 → 8000"]',
  ])
    expect(comment).toContain(line);
  for (const secret of [botToken, ...generated()]) expect(shown + comment).not.toContain(secret);

  await project.stack.removeConfig("dating:databasePasswordVersion");
  await project.configure({ httpPort: port.value });
}, 120_000);

test("a deploy stops before it touches anything when it is not what was reviewed, and says what differs", async () => {
  await project.configurePath("nsfwThreshold", "0.5");
  const shown = savePlan();
  expect(shown).toContain("bot: NSFW_THRESHOLD; start-first, no downtime");
  const before = await containerIds();

  await project.configurePath("memory.webapp", "192 MiB");
  await project.configurePath("botEnvironment.FEATURE_LIKES", "value-that-may-be-secret");
  const { status, stdout, stderr } = apply();

  expect(status).toBe(1);
  expect(stderr).toMatch(
    /not what was reviewed: nothing was changed.\n {2}\S+-(webapp: other memory|bot: other envs)/,
  );
  expect(stdout + stderr).not.toContain("value-that-may-be-secret");
  expect(await containerIds()).toEqual(before);
}, 120_000);

test("a plan holds no secret in plain text", () => {
  const plan = readFileSync(join(project.directory, "plan.json"), "utf8");
  for (const secret of [botToken, ...generated()]) expect(plan).not.toContain(secret);
});

test("a deploy applies exactly the plan that was reviewed", async () => {
  for (const key of ["memory", "botEnvironment"])
    project.run("pulumi", ["config", "rm", "--stack", project.stackName, `dating:${key}`]);
  const before = await services(project.prefix);
  const { status, stdout, stderr } = apply();
  expect(`${stdout}${stderr}`).toContain("The application:");
  expect(status).toBe(0);
  expect(await botEnvironment()).toContain("NSFW_THRESHOLD=0.5");
  const after = await services(project.prefix);
  const changed = Object.keys(after).filter((service) => after[service]!.Id !== before[service]?.Id);
  expect(changed).toEqual(["bot"]);
}, 300_000);

test("a plan is good once: the stack has moved on", async () => {
  const before = await containerIds();
  const { status, stderr } = apply();
  expect(status).toBe(1);
  expect(stderr).toContain("not what was reviewed: nothing was changed");
  expect(await containerIds()).toEqual(before);
}, 120_000);

soakTest(
  "a plan is applied, too, where the deploy makes the secrets that it needs",
  async () => {
    await project.stack.setConfig("dating:databasePasswordVersion", { value: "2" });
    expect(savePlan()).toContain("database-password is generated anew");
    const before = generated();
    const { status, stdout, stderr } = apply();
    expect({ status, shown: stdout + stderr }).toEqual({
      status: 0,
      shown: expect.stringContaining("The application:"),
    });
    expect(generated()).not.toEqual(before);
    for (const password of generated()) expect(stdout + stderr).not.toContain(password);
  },
  300_000,
);
