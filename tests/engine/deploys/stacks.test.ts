import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";

import { botToken, sql } from "../support/application";
import { inspect, labelled, services } from "../support/docker";
import { anyCertificate, ask, askUntil } from "../support/https";
import { freePort, Project } from "../support/project";
import { describeSoak } from "../support/soak";

jest.setTimeout(600_000);

/** A stack as its file in the repository has it, but for what cannot be the same on one machine. */
interface Side {
  project: Project;
  domain: string;
  port: number;
  trust?: typeof anyCertificate;
}

const names = ["dev", "staging", "prod"] as const;
const sides = {} as Record<(typeof names)[number], Side>;
const all = () => names.map((name) => sides[name]);

async function prepare(name: string): Promise<Side> {
  const file = join(__dirname, `../../../Pulumi.${name}.yaml`);
  const { config } = load(readFileSync(file, "utf8")) as { config: Record<string, string | object> };
  const settings = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      typeof value === "string" ? [[key.replace("dating:", ""), value]] : [],
    ),
  );
  const [http, https] = [await freePort(), await freePort()];
  // All three are on this machine's Docker Engine; tests/engine/hosts/ssh.test.ts has another host.
  delete settings.dockerHost;
  const project = await Project.create();
  await project.configure(
    {
      ...settings,
      httpPort: String(http),
      httpsPort: String(https),
      // The dev stack itself may run beside the tests.
      grafanaPort: String(await freePort()),
      localImages: "true",
      // None: what answers has the edge's own certificate. tests/engine/edge/edge.test.ts has a real authority.
      acmeServer: "https://127.0.0.1:1/directory",
    },
    { botToken },
  );
  const { domain, tls } = settings as { domain: string; tls?: string };
  return tls === "acme"
    ? { project, domain, port: https, trust: anyCertificate }
    : { project, domain, port: http };
}

const look = ({ domain, port, trust }: Side, path = "/health") => askUntil(200, domain, port, path, trust);

// `make test` has two preview environments side by side: tests/engine/hosts/environments.test.ts.
describeSoak("the stacks of this repository", () => {
  beforeAll(async () => {
    for (const name of names) sides[name] = await prepare(name);
    // All of them end before the first failure is told: what is removed afterwards must not be deployed any more.
    const deploys = await Promise.allSettled(all().map(({ project }) => project.up()));
    const failed = deploys.flatMap((deploy, index) =>
      deploy.status === "rejected" ? [`${names[index]}: ${String(deploy.reason)}`] : [],
    );
    if (failed.length > 0) throw new Error(failed.join("\n\n"));
  });
  afterAll(() => all().forEach((side) => side?.project.discard()));

  test("dev, staging and prod are served side by side on one host, each under its own name", async () => {
    for (const side of all()) {
      expect((await look(side)).status).toBe(200);
      for (const { domain } of all().filter((other) => other !== side)) {
        expect((await ask(domain, side.port, "/health", side.trust)).status).toBe(404);
      }
    }
  });

  test("what is written in one is in no other", async () => {
    await sql(sides.staging.project, "insert into users (tg_id) values (1)");
    const counts = all().map(({ project }) => sql(project, "select count(*) from users"));
    expect(await Promise.all(counts)).toEqual(["0", "1", "0"]);
  });

  test("no container is on another stack's network or volume", async () => {
    for (const { project } of all()) {
      const volumes = new Set(await labelled("volume", project.prefix));
      for (const { NetworkSettings, Mounts } of Object.values(await services(project.prefix))) {
        for (const network of Object.keys(NetworkSettings.Networks)) {
          expect(network).toMatch(
            new RegExp(`^${project.prefix}-(edge|internal|docker-api|monitoring|egress)$`),
          );
        }
        for (const { Type, Name } of Mounts) if (Type === "volume") expect(volumes).toContain(Name);
      }
    }
  });

  test("taking one down touches nothing of the others, which go on serving", async () => {
    const ids = async () =>
      Promise.all(
        [sides.staging, sides.prod].map(async ({ project }) => labelled("container", project.prefix)),
      );
    const before = await ids();
    sides.dev.project.run("./dating", ["down", sides.dev.project.stackName]);
    expect(await labelled("container", sides.dev.project.prefix)).toEqual([]);

    expect(await ids()).toEqual(before);
    for (const side of [sides.staging, sides.prod]) {
      expect((await look(side)).status).toBe(200);
      const found = await inspect(...(await labelled("container", side.project.prefix)));
      expect(found.map(({ RestartCount }) => RestartCount)).toEqual(found.map(() => 0));
      expect((await side.project.preview()).steps).toEqual([]);
    }
  });
});
