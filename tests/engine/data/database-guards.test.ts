import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { localImage } from "../../../images/content";
import { requireFittingPostgres } from "../../../images/postgres";
import { docker } from "../support/docker";

jest.setTimeout(120_000);

const root = join(__dirname, "../../..");
const prefix = `dating-test-${process.pid}-guards`;
const name = `${prefix}-postgres`;

const sql = (statement: string) =>
  docker(...["exec", "--user", "postgres", name], ...["psql", "--no-psqlrc", "-At", "--command", statement]);

/** The hook as a deploy runs it: the database `owner` with the role that logs in. */
function provision(owner: string, role = owner) {
  const { status, stderr } = spawnSync("bash", ["hooks/provision-role.sh"], {
    cwd: root,
    encoding: "utf8",
    input: "a-password",
    env: { ...process.env, STACK: prefix, SUPERUSER: "postgres", DATABASE: owner, OWNER: owner, ROLE: role },
  });
  return { status, stderr };
}

/** All that a refusal must leave as it is. */
const everything = () =>
  sql(`SELECT string_agg(concat_ws(' ', rolname, rolsuper, rolcanlogin, rolpassword, shobj_description(oid, 'pg_authid')), E'\\n'
       ORDER BY rolname) FROM pg_authid WHERE rolname NOT LIKE 'pg\\_%'
       UNION ALL SELECT string_agg(datname || ' ' || datdba, ', ' ORDER BY datname) FROM pg_database`);

beforeAll(async () => {
  const labels = ["--label", `dating.stack=${prefix}`, "--label", "dating.service=postgres"];
  const password = ["--env", "POSTGRES_PASSWORD=of-a-test"];
  await docker(
    "run",
    "--detach",
    "--name",
    name,
    "--network",
    "none",
    ...labels,
    ...password,
    localImage("postgres"),
  );
  const ready =
    "for i in $(seq 240); do pg_isready --quiet --host 127.0.0.1 && exit; sleep 0.25; done; exit 1";
  await docker("exec", name, "bash", "-c", ready);
});
afterAll(() => docker("rm", "--force", "--volumes", name));

test("the superuser is never made the application's role: it would lose its rights for good", async () => {
  const before = await everything();
  const { status, stderr } = provision("postgres");
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/postgres is not made the owner .*: it is a superuser\. Nothing was changed\./);
  expect(stderr).toContain(`pulumi config set --stack ${prefix.replace("dating-", "")} dating:databaseName`);
  expect(await everything()).toBe(before);
});

test("the application's database is made, and provisioned again as often as one likes", () => {
  expect(provision("dating")).toMatchObject({ status: 0 });
  expect(provision("dating", "dating_v2")).toMatchObject({ status: 0 });
  expect(provision("dating", "dating_v2")).toMatchObject({ status: 0 });
});

test("a login of a rotated password is no owner of another database", async () => {
  const before = await everything();
  expect(provision("dating_v2").stderr).toMatch(
    /dating_v2 is not made the owner .*: it is a login of another role/,
  );
  expect(await everything()).toBe(before);
});

test("another name gets no empty database beside the one with the data, unless somebody made it", async () => {
  const before = await everything();
  const { status, stderr } = provision("matching");
  expect(status).not.toBe(0);
  expect(stderr).toContain("There is no database matching here, and the application's data is in dating.");
  expect(stderr).toContain("dating:databaseName dating");
  expect(await everything()).toBe(before);

  const [, command] = /(docker exec --user postgres .*")/.exec(stderr) ?? [];
  spawnSync("sh", ["-c", command!], { stdio: "inherit" });
  expect(provision("matching")).toMatchObject({ status: 0 });
  expect(provision("dating", "dating_v2")).toMatchObject({ status: 0 });
});

describe("before a deploy touches anything", () => {
  const volume = `${prefix}-elsewhere`;
  const image = localImage("postgres");
  const look = (plan: object) =>
    requireFittingPostgres({ stack: "dev", image, settings: {}, extensions: [], mustAnswer: true, ...plan });
  const inVolume = (script: string) =>
    docker(...["run", "--rm", "--volume", `${volume}:/data`], ...["--entrypoint", "sh", image, "-c", script]);

  afterAll(() => docker("volume", "rm", "--force", volume));

  test("data in a folder of the volume are refused, and found after the command that moves them", async () => {
    await inVolume("mkdir -p /data/17/docker && echo 17 >/data/17/docker/PG_VERSION");
    let told = "";
    try {
      look({ volume });
    } catch (error) {
      told = (error as Error).message;
    }
    expect(told).toContain("in the folder 17/docker");
    const [, move] = /^ {2}(docker run .*)$/m.exec(told) ?? [];
    spawnSync("sh", ["-c", move!], { stdio: "inherit" });
    expect(await inVolume("ls /data")).toBe("PG_VERSION");
    expect(() => look({ volume })).not.toThrow();
  });

  test("an image that would not keep its data in the volume is refused", () => {
    // Debian has the server, and not the official image's entry point.
    const script = (args: string[]) => {
      const hidden = "rm -f /usr/local/bin/docker-entrypoint.sh\n";
      return args.map((each) => (each.startsWith("postgres --version") ? hidden + each : each));
    };
    expect(() =>
      requireFittingPostgres(
        { stack: "dev", image, settings: {}, extensions: [], mustAnswer: true },
        (...args) => {
          const writable = script(args).filter((each) => each !== "--read-only");
          return spawnSync("docker", writable, { encoding: "utf8" });
        },
      ),
    ).toThrow("it has no docker-entrypoint.sh as the official image has");
  });
});
