import { botToken } from "../../engine/support/application";
import { Environments } from "../../engine/support/machines/environments";
import { requestUntilHealthy } from "../../engine/support/http";
import { ask } from "../../engine/support/https";
import { freePort } from "../../engine/support/project";

jest.setTimeout(1_800_000);

const count = Number(process.env.ENVIRONMENTS ?? 10);
/** Each has one of its own. */
const passwordOf = (name: string) => `correct-horse-${name.toLowerCase()}`;
const below = "previews.example.com";
let environments: Environments;
let port: number;

beforeAll(async () => {
  environments = await Environments.of(count);
  port = await freePort();
  const { project } = environments;
  const config = { domain: "localhost", localImages: "true", httpPort: String(port), rateLimit: "0" };
  await project.configure({ ...config, previewDomain: below }, { botToken });
  await project.up();
  await requestUntilHealthy(`http://localhost:${port}`);
});
afterAll(() => environments?.discard());

const names = () => environments.names.map((name) => `${name.toLowerCase()}.${below}`);
const basic = (given: string) => ({
  authorization: `Basic ${Buffer.from(`preview:${given}`).toString("base64")}`,
});
const look = (host: string, path: string, headers: Record<string, string> = {}) =>
  ask(host, port, path, undefined, headers);

test("ten preview environments are reached through one edge, each under its name, with its own password alone", async () => {
  const { project } = environments;
  const urls = environments.names.map((name) =>
    environments.create(name, { behind: project.stackName, password: passwordOf(name) }),
  );
  expect(urls).toEqual(names().map((host) => `http://${host}:${port}`));

  for (const [index, host] of names().entries()) {
    const own = basic(passwordOf(environments.names[index]!));
    expect((await look(host, "/health", own)).body).toBe('{"status": "healthy"}');
    expect((await look(host, "/", own)).body).toContain("Dating Mini App");
    for (const headers of [{}, basic(passwordOf(environments.names.at(index - 1)!))])
      expect((await look(host, "/", headers)).status).toBe(401);
    // The page's own requests bring a token of the application, which judges it.
    expect((await look(host, "/health", { authorization: "Bearer any" })).status).toBe(200);
    expect(await environments.lookInside(environments.names[index]!)).toEqual({ users: 40, unhealthy: [] });
  }
  // Nobody comes in beside the edge, and what that edge serves itself is served on.
  const ports = project.run("docker", [
    "ps",
    "--filter",
    `label=dating.behind=${project.prefix}`,
    "--format",
    "{{.Ports}}",
  ]);
  const addresses = [...ports.matchAll(/(\S+):\d+->/g)].map(([, address]) => address);
  expect(addresses).toEqual(environments.names.map(() => "127.0.0.1"));
  await requestUntilHealthy(`http://localhost:${port}`);
  expect(environments.smoke(environments.names[0]!)).toMatchObject({ status: 0 });
});

test("one that goes is not found any more, and the others are; all leave nothing behind", async () => {
  const [first, ...others] = environments.names as [string, ...string[]];
  const [host, second] = names() as [string, string];
  environments.project.run("./dating", ["env", "remove", first]);
  expect((await look(host, "/health", basic(passwordOf(first)))).status).toBe(404);
  expect((await look(second, "/health", basic(passwordOf(others[0]!)))).status).toBe(200);

  environments.project.run("./dating", ["env", "remove", ...others]);
  for (const name of environments.names) expect(await environments.remains(name)).toEqual([]);
  expect((await environments.project.up()).steps).toEqual([]);
});
