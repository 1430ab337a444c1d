import { appendFileSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { volumeNames } from "../../../config/volumes";
import { application, botToken, rowCounts, sql } from "../support/application";
import { containerOf, docker, inspect, labelled, services } from "../support/docker";
import { request, requestUntil, requestUntilHealthy } from "../support/http";
import type { Project } from "../support/project";

jest.setTimeout(600_000);

let project: Project;
let url: string;
/** Everything that a person or a log could have seen of the deploys. */
const printed: string[] = [];

const deploy = async () => {
  const result = await project.up();
  printed.push(result.text);
  return result.steps;
};

beforeAll(async () => {
  ({ project, url } = await application());
  await deploy();
});
afterAll(() => project?.discard());

const like = (user: number, target: number) =>
  request(`${url}/api/interactions`, { user_id: user, target_id: target, interaction_type: "like" });

describe("a first deploy", () => {
  test("answers over the edge: the bot's health and the web app's page", async () => {
    await requestUntilHealthy(url);
    const page = await requestUntil(`${url}/`, 200);
    expect(page.body).toContain("Dating Mini App");
  });

  test("tells where it is and what it is made of", async () => {
    const outputs = await project.stack.outputs();
    expect(outputs.url?.value).toBe(url);
    expect(outputs.databaseContainer?.value).toBe(containerOf(project.prefix, "postgres"));
    expect(outputs.volumes?.value).toEqual({
      backup_data: `${project.prefix}_backup_data`,
      grafana_data: `${project.prefix}_grafana_data`,
      loki_data: `${project.prefix}_loki_data`,
      photo_storage: `${project.prefix}_photo_storage`,
      postgres_data: `${project.prefix}_postgres_data`,
      prometheus_data: `${project.prefix}_prometheus_data`,
      traefik_certs: `${project.prefix}_traefik_certs`,
    });
    expect(Object.keys(outputs.images?.value as object).sort()).toEqual([
      "backup",
      "bot",
      "migrations",
      "postgres",
      "socket-proxy",
      "traefik",
      "webapp",
    ]);
  });

  test("is told by one command: what runs, where, and what is a stand-in", async () => {
    const told = project.run("./dating", ["status", project.stackName]);
    for (const service of Object.keys(await services(project.prefix))) {
      expect(told).toMatch(new RegExp(`^  ${service} +healthy +`, "m"));
    }
    expect(told).toMatch(new RegExp(`^  bot .* ${url}/api/ /health /version `, "m"));
    expect(told).toContain("  bot is a sample bot instead of the application's");
    expect(told.trimEnd().split("\n").at(-1)).toBe(`The application: ${url}`);
  });

  test("leaves every container healthy, limited, rotated and restarted", async () => {
    const found = await services(project.prefix);
    expect(Object.keys(found).sort()).toEqual([
      "backup",
      "bot",
      "postgres",
      "socket-proxy",
      "traefik",
      "webapp",
    ]);
    for (const { HostConfig, State } of Object.values(found)) {
      expect(State.Health?.Status).toBe("healthy");
      expect(HostConfig.LogConfig).toEqual({
        Type: "json-file",
        Config: { "max-file": "3", "max-size": "10m" },
      });
      expect(HostConfig.Memory).toBeGreaterThan(0);
      expect(HostConfig.MemorySwap).toBe(HostConfig.Memory);
      expect(HostConfig.RestartPolicy.Name).toBe("unless-stopped");
    }
  });

  test("listens outside loopback on the edge's port only", async () => {
    const open = (await services(project.prefix)) as Record<
      string,
      { HostConfig: { PortBindings: object | null } }
    >;
    const published = Object.entries(open).flatMap(([service, { HostConfig }]) =>
      Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostIp: string; HostPort: string }[]>)
        .flat()
        .filter(({ HostIp }) => !HostIp.startsWith("127."))
        .map(({ HostIp, HostPort }) => `${service} ${HostIp} ${HostPort}`),
    );
    const { port } = new URL(url);
    expect(published).toEqual([`traefik 0.0.0.0 ${port}`, `traefik :: ${port}`]);
  });

  test("gives the application a role that is not the superuser and owns its database", async () => {
    expect(
      await sql(
        project,
        "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = 'dating'",
      ),
    ).toBe("f|f|f");
    expect(
      await sql(project, "select pg_get_userbyid(datdba) from pg_database where datname = 'dating'"),
    ).toBe("dating");
  });
});

describe("an unchanged deploy", () => {
  test("applies nothing: containers, rows and migrations are the same after three deploys", async () => {
    expect((await like(1, 2)).status).toBe(201);
    const identity = async () =>
      Object.values(await services(project.prefix))
        .map(({ Name, Id, State, RestartCount }) => [Name, Id, State.StartedAt, RestartCount].join(" "))
        .sort();
    const before = { containers: await identity(), rows: await rowCounts(project) };
    expect(before.rows.interactions).toBe(1);

    for (let repetition = 0; repetition < 2; repetition++) expect(await deploy()).toEqual([]);

    expect({ containers: await identity(), rows: await rowCounts(project) }).toEqual(before);
  });

  test("is foretold by the preview, with and without a look at the host", async () => {
    for (const flags of [[], ["--refresh"]]) {
      printed.push(
        project.run("pulumi", [
          "preview",
          "--stack",
          project.stackName,
          "--expect-no-changes",
          "--diff",
          ...flags,
        ]),
      );
    }
  });
});

describe("migrations", () => {
  const revision = () => sql(project, "select version_num from alembic_version");

  test("ran once in three deploys", async () => {
    const runs = project.dockerCalls().filter((call) => call.endsWith(" upgrade head"));
    expect(runs).toHaveLength(1);
    expect(await revision()).toBe("003_add_user_settings");
  });

  test("can be looked at, taken back by one and applied again with the documented command", async () => {
    const alembic = (...args: string[]) => project.run("./dating", ["alembic", project.stackName, ...args]);
    expect(alembic("current")).toContain("003_add_user_settings (head)");
    expect(alembic("history").match(/^\S+ -> [^,\s]+/gm)).toEqual([
      "002_create_discovery_tables -> 003_add_user_settings",
      "001_create_profile_tables -> 002_create_discovery_tables",
      "<base> -> 001_create_profile_tables",
    ]);
    alembic("downgrade", "-1");
    expect(await revision()).toBe("002_create_discovery_tables");
    alembic("upgrade", "head");
    expect(await revision()).toBe("003_add_user_settings");
    // A database that is up to date stays as it is.
    const before = await rowCounts(project);
    alembic("upgrade", "head");
    expect(await rowCounts(project)).toEqual(before);
  });
});

describe("the database password", () => {
  const password = () => secretOf("database-password");

  /** Logs in from another container over the network, as the bot does. */
  const login = async (secret: string, user = "dating"): Promise<string> => {
    const images = (await project.stack.outputs()).images?.value as Record<string, string>;
    return project.run(
      "docker",
      [
        "run",
        "--rm",
        "--interactive",
        "--network",
        `${project.prefix}-internal`,
        "--entrypoint",
        "sh",
        images.migrations!,
        "-c",
        "read -r PGPASSWORD; export PGPASSWORD; psql --host db --username \"$1\" --dbname dating --tuples-only --command 'select 1'",
        "sh",
        user,
      ],
      `${secret}\n`,
    );
  };

  test("in the stack's state is the one that logs in, also after a restart of every container", async () => {
    expect((await login(password())).trim()).toBe("1");
    await expect(login("wrong")).rejects.toThrow(/password authentication failed/);
    await docker("restart", ...(await labelled("container", project.prefix)));
    await requestUntilHealthy(url);
    expect((await login(password())).trim()).toBe("1");
  });

  test("is another one after its version was raised: the new one logs in, the old one does not, no row is lost", async () => {
    const before = {
      ...{ password: password(), backups: secretOf("backup-password") },
      rows: await rowCounts(project),
    };
    await project.stack.setConfig("dating:databasePasswordVersion", { value: "2" });
    await deploy();
    expect(password()).not.toBe(before.password);
    expect((await login(password(), "dating_v2")).trim()).toBe("1");
    await expect(login(before.password)).rejects.toThrow(/password authentication failed/);
    // The backups' role and their service have one new password, too.
    const connect = "import psycopg2; psycopg2.connect(password=open('/run/secrets/backup_password').read())";
    const { backup } = await services(project.prefix);
    expect(secretOf("backup-password")).not.toBe(before.backups);
    await docker("exec", backup!.Id, "python3", "-c", connect);
    await requestUntilHealthy(url);
    expect(await rowCounts(project)).toEqual(before.rows);
  });

  test("and the other secrets are in no output, preview, log, process list or plain state", async () => {
    const secrets = ["database-password", "database-superuser-password", "bot-jwt-secret"].map(secretOf);
    const places: Record<string, string> = {
      "the deploys' output": printed.join("\n"),
      "the state": readFileSync(project.stateFile, "utf8"),
      "the outputs": project.run("pulumi", ["stack", "output", "--stack", project.stackName, "--json"]),
      "the process list": project.run("ps", ["-eo", "args"]),
      "the command lines": project.dockerCalls().join("\n"),
    };
    for (const id of await labelled("container", project.prefix)) {
      places[`the log of ${id}`] = project.run("sh", ["-c", `docker logs ${id} 2>&1`]);
    }
    for (const secret of [...secrets, botToken]) {
      expect(secret.length).toBeGreaterThanOrEqual(32);
      const encoded = Buffer.from(secret).toString("base64").replace(/=+$/, "");
      for (const [place, text] of Object.entries(places)) {
        expect(`${place}: ${text.includes(secret) || text.includes(encoded)}`).toBe(`${place}: false`);
      }
    }
  });
});

describe("logs", () => {
  test("stay within three files of 10 MB, whatever is written", async () => {
    const { webapp } = await services(project.prefix);
    // Each request writes a line of more than 7,000 bytes to the web app's access log: 63 MB in all.
    const headers = { "user-agent": "x".repeat(7000) };
    for (let sent = 0; sent < 9000; sent += 30) {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => fetch(`${url}/version.txt`, { headers })),
      );
      for (const answer of answers) expect((await answer.text()).length).toBeGreaterThan(0);
    }
    const directory = dirname(webapp!.LogPath);
    const files = readdirSync(directory).filter((name) => name.includes("-json.log"));
    expect(files).toHaveLength(3);
    for (const file of files) expect(statSync(join(directory, file)).size).toBeLessThan(10.5e6);
  });
});

describe("a redeploy with a changed bot image", () => {
  test("replaces the bot alone, and the data written before are there", async () => {
    const rows = await rowCounts(project);
    const before = await services(project.prefix);
    const count = (await request(`${url}/api/interactions/count`)).body;
    const version = (await request(`${url}/version`)).body;

    appendFileSync(join(project.directory, "images/bot/Dockerfile"), "\n# another release\n");
    project.run("./dating", ["images", "build", "bot"]);
    await deploy();

    const after = await services(project.prefix);
    const changed = Object.keys(after).filter((service) => after[service]?.Id !== before[service]?.Id);
    expect(changed).toEqual(["bot"]);
    await requestUntilHealthy(url);
    expect((await request(`${url}/version`)).body).not.toBe(version);
    expect((await request(`${url}/api/interactions/count`)).body).toBe(count);
    expect(await rowCounts(project)).toEqual(rows);
    expect(await inspect(before.bot!.Id).catch(() => "gone")).toBe("gone");
  });
});

describe("taking the stack down", () => {
  test("removes containers and networks, and the next deploy finds its data and its password", async () => {
    const before = { rows: await rowCounts(project), password: secretOf("database-password") };

    project.run("./dating", ["down", project.stackName]);
    expect(await labelled("container", project.prefix)).toEqual([]);
    expect(await labelled("network", project.prefix)).toEqual([]);
    expect(await labelled("volume", project.prefix)).toHaveLength(volumeNames.length);
    await deploy();

    expect({ rows: await rowCounts(project), password: secretOf("database-password") }).toEqual(before);
    await requestUntilHealthy(url);
  });

  test("with its volumes asks for the stack's name, and does nothing without it", async () => {
    const refused = project.attempt("./dating", ["purge", project.stackName], "yes\n");
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain("Nothing was changed.");
    expect(await labelled("container", project.prefix)).toHaveLength(6);

    project.run("./dating", ["purge", project.stackName], `${project.stackName}\n`);
    for (const kind of ["container", "network", "volume"] as const) {
      expect(await labelled(kind, project.prefix)).toEqual([]);
    }
  });
});

/** A generated secret, from the stack's state. */
function secretOf(name: string): string {
  const state = JSON.parse(
    project.run("pulumi", ["stack", "export", "--stack", project.stackName, "--show-secrets"]),
  ) as { deployment: { resources: { urn: string; outputs?: { result?: { plaintext: string } } }[] } };
  const found = state.deployment.resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs?.result;
  if (!found) throw new Error(`no secret ${name} in the state`);
  return JSON.parse(found.plaintext) as string;
}
