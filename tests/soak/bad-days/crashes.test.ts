import { application, rowCounts, sql } from "../../engine/support/application";
import { docker, services } from "../../engine/support/docker";
import { requestUntil, requestUntilHealthy } from "../../engine/support/http";
import { deployAndKill, expectConverged, objects, recover, spread } from "../../engine/support/killing";
import { Load } from "../../engine/support/load";
import type { Project } from "../../engine/support/project";

jest.setTimeout(1_800_000);

const points = Number(process.env.POINTS ?? 10);
let project: Project;
let url: string;
let whole: Record<string, number>;

/** Says which points were met, as a test alone only tells that all of them were. */
const say = (line: string) => process.stdout.write(`${line}\n`);

beforeAll(async () => {
  ({ project, url } = await application());
  await project.up();
  await requestUntilHealthy(url);
  whole = await objects(project);
  await sql(
    project,
    "insert into users (tg_id, username) select n, 'user' || n from generate_series(1, 1000) n",
  );
});
afterAll(() => project?.discard());

test(`a deploy that was killed at ${points} points is recovered, with every row`, async () => {
  const before = await rowCounts(project);
  project.run("./dating", ["down", project.stackName]);
  const events = (await deployAndKill(project)).length;
  await expectConverged(project, whole);
  for (const point of spread(points, events)) {
    project.run("./dating", ["down", project.stackName]);
    const seen = await deployAndKill(project, point);
    say(`deploy killed after event ${seen.length} of ${events}: ${seen.at(-1)}`);
    await recover(project, url);
    expect(await rowCounts(project)).toEqual(before);
    await expectConverged(project, whole);
  }
});

test(`a rollout that was killed at ${points} points is recovered, with every row and no lost request`, async () => {
  let threshold = 100;
  const change = () => project.stack.setConfig("dating:nsfwThreshold", { value: `0.${++threshold}` });
  await change();
  const events = (await deployAndKill(project)).length;
  for (const point of spread(points, events)) {
    await change();
    const rows = Number(await sql(project, "select count(*) from interactions"));
    const load = new Load(url);
    const seen = await deployAndKill(project, point);
    say(`rollout killed after event ${seen.length} of ${events}: ${seen.at(-1)}`);
    await recover(project, url);
    const { failures, written, sent } = await load.stop();
    say(`  ${failures.length} of ${sent} requests failed`);
    expect(failures).toEqual([]);
    expect(Number(await sql(project, "select count(*) from interactions"))).toBe(rows + written);
    await expectConverged(project, whole);
  }
});

describe("the database password", () => {
  /** Who logs in, and with what. */
  const login = () => {
    const state = JSON.parse(
      project.run("pulumi", ["stack", "export", "--show-secrets", "--stack", project.stackName]),
    ) as { deployment: { resources: { urn: string; outputs?: { result?: { plaintext: string } } }[] } };
    const found = state.deployment.resources.find(({ urn }) => urn.endsWith("::database-password"));
    return JSON.parse(found!.outputs!.result!.plaintext) as string;
  };
  const opens = async (user: string, password: string): Promise<boolean> => {
    const { postgres } = await services(project.prefix);
    const { status, stderr } = project.attempt(
      "docker",
      [
        ...["run", "--rm", "--interactive", "--network", `${project.prefix}-internal`, "--entrypoint", "sh"],
        ...[
          postgres!.Config.Image,
          "-c",
          'read -r PGPASSWORD; export PGPASSWORD; exec psql -h db -U "$0" -d dating -c "select 1"',
        ],
        user,
      ],
      `${password}\n`,
    );
    if (status !== 0 && !/authentication failed|not permitted to log in/.test(stderr))
      throw new Error(stderr);
    return status === 0;
  };
  const user = (version: number) => (version === 1 ? "dating" : `dating_v${version}`);

  test(`a rotation that was killed at ${points} points is healed by the next deploy`, async () => {
    let version = 1;
    const rotate = () =>
      project.stack.setConfig("dating:databasePasswordVersion", { value: String(++version) });
    await rotate();
    const events = (await deployAndKill(project)).length;
    for (const point of spread(points, events)) {
      const old = login();
      await rotate();
      const rows = Number(await sql(project, "select count(*) from interactions"));
      const load = new Load(url);
      const seen = await deployAndKill(project, point);
      say(`rotation killed after event ${seen.length} of ${events}: ${seen.at(-1)}`);
      await recover(project, url);
      const { failures, written, sent } = await load.stop();
      say(`  ${failures.length} of ${sent} requests failed`);
      expect(failures).toEqual([]);
      expect(Number(await sql(project, "select count(*) from interactions"))).toBe(rows + written);
      expect(await opens(user(version), login())).toBe(true);
      expect(await opens(user(version - 1), old)).toBe(false);
      await expectConverged(project, whole);
    }
  });
});

describe("a container that is killed", () => {
  const names = ["traefik", "socket-proxy", "postgres", "bot", "webapp", "backup"];
  const pid = async (id: string) => Number(await docker("inspect", "--format", "{{.State.Pid}}", id));

  test.each(names)("from inside comes back by its restart policy: %s", async (service) => {
    const rows = await rowCounts(project);
    const { Id } = (await services(project.prefix))[service]!;
    const before = await pid(Id);
    process.kill(before, "SIGKILL");
    const begin = Date.now();
    for (let now = before; now === before || now === 0; now = await pid(Id)) {
      expect(Date.now() - begin).toBeLessThan(30_000);
      await new Promise((later) => setTimeout(later, 100));
    }
    say(`${service} killed: runs again after ${(Date.now() - begin) / 1000} s`);
    await requestUntilHealthy(url);
    await requestUntil(`${url}/version.txt`, 200);
    expect(await rowCounts(project)).toEqual(rows);
    await expectConverged(project, whole);
  });

  // Docker takes it for a wish, as it does docker stop, and leaves the container alone.
  test.each(names)("with docker kill comes back by the next deploy: %s", async (service) => {
    const rows = await rowCounts(project);
    await docker("kill", (await services(project.prefix))[service]!.Id);
    await project.up({ refresh: true });
    await requestUntilHealthy(url);
    await requestUntil(`${url}/version.txt`, 200);
    expect(await rowCounts(project)).toEqual(rows);
    await expectConverged(project, whole);
  });
});
