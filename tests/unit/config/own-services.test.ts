import type * as pulumi from "@pulumi/pulumi";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";

import type { parseServices } from "../../../config/services/parse";

/* The program with a services.yaml of its own, against mocks: what each field of it leads to. */

interface ContainerInputs {
  command?: string[];
  entrypoints?: string[];
  envs?: unknown[] | { value: unknown[] };
  healthcheck: { tests: string[] };
  image: string;
  labels: { label: string; value: string }[];
  networksAdvanced: { name: string; aliases?: string[] }[];
  user?: string;
  volumes?: { volumeName: string }[];
}

const resources: MockResourceArgs[] = [];
const libraries = [
  "@pulumi/command",
  "@pulumi/docker",
  "@pulumi/pulumi",
  "@pulumi/pulumi/runtime",
  "@pulumi/random",
  "@pulumiverse/grafana",
  "js-yaml",
  "zod",
].map((name): [string, unknown] => [name, jest.requireActual(name)]);
const actual = jest.requireActual<{ parseServices: typeof parseServices }>("../../../config/services/parse");

/** Runs the program with this services.yaml, and returns its containers by service. */
async function deploy(
  services: string,
  config: Record<string, string> = {},
): Promise<Record<string, ContainerInputs>> {
  resources.length = 0;
  jest.resetModules();
  for (const [name, loaded] of libraries) jest.doMock(name, () => loaded);
  jest.doMock("../../../config/services/parse", () => ({
    parseServices: () => actual.parseServices(services),
  }));
  jest.requireActual<{ lookAway: () => void }>("../../../host/look").lookAway();
  const { runtime } = jest.requireMock<typeof pulumi>("@pulumi/pulumi");
  const stored = (args: MockResourceArgs) => ({ name: args.name, ...args.inputs, result: "generated" });
  await runtime.setMocks(
    {
      newResource: (args) => {
        resources.push(args);
        return { id: `${args.name}-id`, state: stored(args) };
      },
      call: ({ inputs }) => inputs,
    },
    "dating",
    "dev",
    true,
  );
  const image = `registry.example.com/own:1@sha256:${"0".repeat(64)}`;
  const images = Object.keys(actual.parseServices(services).own).map((name) => [name, image]);
  const kinds = actual.parseServices(services).own;
  runtime.setAllConfig(
    {
      "dating:domain": "localhost",
      "dating:localImages": "true",
      "dating:images": JSON.stringify(
        Object.fromEntries(images.filter(([name]) => kinds[name!]!.kind === "server")),
      ),
      ...config,
    },
    ["dating:serviceSecrets", "dating:botToken"],
  );
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    const outputs = jest.requireActual<{ volumes: pulumi.Output<unknown> }>("../../..");
    await new Promise((resolve) => outputs.volumes.apply(resolve));
    await runtime.disconnect();
  } finally {
    Error.stackTraceLimit = limit;
  }
  return Object.fromEntries(
    resources
      .filter(({ type }) => type === "docker:index/container:Container")
      .map(({ name, inputs }) => [name.replace("dating-dev-", ""), inputs as ContainerInputs]),
  );
}

const token = { "dating:botToken": "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI" };
const labelOf = ({ labels }: ContainerInputs, pattern: RegExp) =>
  labels.find(({ label }) => pattern.test(label))?.value;
const ruleOf = (container: ContainerInputs) => labelOf(container, /^traefik\.http\.routers\..*\.rule$/);
const networksOf = ({ networksAdvanced }: ContainerInputs) =>
  networksAdvanced.map(({ name }) => name.replace("dating-dev-", "")).sort();
/** The variables; as soon as one of them is secret, the SDK hands over all of them as one secret. */
const envsOf = async ({ envs = [] }: ContainerInputs) =>
  (await Promise.all(Array.isArray(envs) ? envs : envs.value)) as string[];

const shop = `
services:
  shop:
    kind: server
    health: "true"
    route: { port: 8000, paths: [/shop/, /feed], probe: /shop/health, answers: text/plain }
    database: true
    environment: { COLOR: red }
    secrets: [SHOP_KEY]
    memory: 64 MiB
  cache: { kind: server, health: "true", data: /data, user: "999:999", memory: 64 MiB }
  mail: { kind: worker, of: shop, command: [mail], health: "true", memory: 64 MiB }
`;
const secrets = { "dating:serviceSecrets": JSON.stringify({ SHOP_KEY: "very-secret" }) };

test("a server with a route is served by its own paths, which the web app no longer has", async () => {
  const { shop: own, webapp, bot, traefik } = await deploy(shop, { ...token, ...secrets });
  expect(ruleOf(own!)).toBe("Host(`localhost`) && (PathPrefix(`/shop/`) || Path(`/feed`))");
  expect(ruleOf(webapp!)).toBe(
    "Host(`localhost`) && !(PathPrefix(`/api/`) || Path(`/health`) || Path(`/version`) || PathPrefix(`/shop/`) || Path(`/feed`))",
  );
  expect(ruleOf(bot!)).toBe(
    "Host(`localhost`) && (PathPrefix(`/api/`) || Path(`/health`) || Path(`/version`))",
  );
  expect(JSON.parse(labelOf(own!, /^dating\.route$/)!)).toMatchObject({
    ...{ port: 8000, probes: [{ path: "/shop/health", type: "text/plain", tellsRelease: false }] },
  });
  // A body of unknown size is counted for it, too.
  const routes = (await envsOf(traefik!)).find((line) => line.startsWith("ROUTES="))!;
  expect(routes).toContain("body-of-unknown-size-shop");
  expect(own!.healthcheck.tests[1]).toContain("/tmp/drain");
  expect(networksOf(own!)).toEqual(["edge", "internal"]);
});

test("each has the variables, secrets, volumes and networks that it asks for, and no others", async () => {
  const { shop: own, cache, mail } = await deploy(shop, { ...token, ...secrets });
  const given = await envsOf(own!);
  expect(given).toContain("COLOR=red");
  expect(given).toContain("SHOP_KEY=very-secret");
  expect(given.find((line) => line.startsWith("DATABASE_URL="))).toMatch(
    /^DATABASE_URL=postgresql:\/\/dating\w*:generated@db:5432\/dating$/,
  );
  expect(cache!.envs ?? []).toEqual([]);
  expect(cache).toMatchObject({ user: "999:999", volumes: [{ containerPath: "/data" }] });
  expect(networksOf(cache!)).toEqual(["internal"]);
  expect(cache!.networksAdvanced[0]!.aliases).toEqual(["cache"]);
  expect(await envsOf(mail!)).toEqual(given);
  expect(mail).toMatchObject({ image: own!.image, command: ["mail"] });
  expect(mail!.networksAdvanced.flatMap(({ aliases = [] }) => aliases)).toEqual([]);
});

test("an application without the bot and the web app needs no token, and takes all paths", async () => {
  const containers = await deploy(`miniApp: false\n${shop.replace("[/shop/, /feed]", '["/"]')}`, {
    ...secrets,
    "dating:monitoring": "true",
  });
  expect(Object.keys(containers)).not.toEqual(expect.arrayContaining(["bot"]));
  expect(Object.keys(containers)).not.toEqual(expect.arrayContaining(["webapp"]));
  expect(ruleOf(containers.shop!)).toBe("Host(`localhost`)");
  const routes = (await envsOf(containers.traefik!)).find((line) => line.startsWith("ROUTES="))!;
  expect(routes).not.toContain("bot");
});

test("the alert of a service that does not run knows each of them", async () => {
  await deploy(shop, { ...token, ...secrets, "dating:monitoring": "true" });
  const prometheus = resources.find(({ name }) => name === "dating-dev-prometheus")!;
  const told = JSON.stringify(prometheus.inputs);
  for (const service of ["shop", "cache", "mail"]) expect(told).toContain(`service: ${service}`);
});

test("a secret that is missing is told with its command, and one that nobody asks for, too", async () => {
  await expect(deploy(shop, token)).rejects.toThrow(
    "dating:serviceSecrets.SHOP_KEY is missing, and services.yaml asks for it\n" +
      "      pulumi config set --stack dev --secret --path 'dating:serviceSecrets.SHOP_KEY'",
  );
  const more = {
    "dating:serviceSecrets": JSON.stringify({ SHOP_KEY: "very-secret", OLD_KEY: "very-secret" }),
  };
  await expect(deploy(shop, { ...token, ...more })).rejects.toThrow(
    "dating:serviceSecrets.OLD_KEY is asked for by no service of services.yaml\n" +
      "      pulumi config rm --stack dev --path 'dating:serviceSecrets.OLD_KEY'",
  );
});
