import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isPreview } from "../../../config/stack/kind";
import { keptAddress } from "../../../ops/environments/address";
import { frontFor } from "../../../ops/environments/front";
import { portOf, rangeOf, stackOf, toMilliseconds } from "../../../ops/environments/names";
import { notDeployedSince } from "../../../ops/environments/stacks";
import { StackFile } from "../../../ops/stack/file";

test.each([
  ["PR-123", "preview-pr-123"],
  ["feature/New_Page!", "preview-feature-new-page-b1b7"],
  ["preview-pr-1", "preview-pr-1"],
])("the environment %s is the stack %s", (name, stack) => {
  expect(stackOf(name)).toBe(stack);
  expect(isPreview(stack)).toBe(true);
});

test("no other stack is taken for an environment, nor a name without a letter for one", () => {
  expect(["dev", "staging", "prod"].filter(isPreview)).toEqual([]);
  for (const name of ["", "--", "x".repeat(41)]) expect(() => stackOf(name)).toThrow("is no name");
});

test("a port follows from the name, and gives way to what is taken", () => {
  const port = portOf("preview-pr-1", new Set());
  expect(portOf("preview-pr-1", new Set())).toBe(port);
  expect(port).toBeGreaterThanOrEqual(20_000);
  expect(port).toBeLessThan(30_000);
  const next = portOf("preview-pr-1", new Set([port]));
  expect(next).not.toBe(port);
  expect(() => portOf("x", new Set(Array.from({ length: 10_000 }, (_, n) => 20_000 + n)))).toThrow("no port");
});

test("so do the addresses of its networks, in a range that is routed nowhere", () => {
  const range = rangeOf("preview-pr-1", ["172.17.0.0/16"]);
  expect(range).toMatch(/^198\.1[89]\.\d+\.0\/24$/);
  const own = range.replace("0/24", "64/26");
  expect(rangeOf("preview-pr-1", [own])).not.toBe(range);
  expect(rangeOf("preview-pr-1", [], ["198.19.3.64/26"])).toBe("198.19.3.0/24");
  const all = Array.from({ length: 512 }, (_, n) => `198.${18 + (n >> 8)}.${n & 255}.0/26`);
  expect(rangeOf("x", all.slice(1))).toBe("198.18.0.0/24");
  expect(() => rangeOf("x", all)).toThrow("no range");
});

test("names that differ in what a stack's name cannot have are two environments", () => {
  const names = ["feature/a_b", "feature/a-b", "feature-a-b", "feature-a-b-"].map(stackOf);
  expect(new Set(names).size).toBe(names.length);
});

describe("an environment's address", () => {
  const url = "http://pr.example.com:20123";
  const file = { domain: "other.example.com", port: "20200" };
  test.each<[string, Parameters<typeof keptAddress>, ReturnType<typeof keptAddress>]>([
    [
      "is the one that is named",
      [{ domain: "a.example.com", port: "20001" }, file, url],
      { domain: "a.example.com", port: 20_001 },
    ],
    ["stays what its file has", [{}, file, url], { domain: "other.example.com", port: 20_200 }],
    [
      "stays where it was deployed from another checkout",
      [{}, {}, url],
      { domain: "pr.example.com", port: 20_123 },
    ],
    [
      "stays port 80, which no address names",
      [{}, {}, "http://localhost"],
      { domain: "localhost", port: 80 },
    ],
    ["is new where it has none", [{}, {}, undefined], {}],
  ])("%s", (_, [named, has, served], expected) => expect(keptAddress(named, has, served)).toEqual(expected));

  test.each(["abc", "0", "65536", "80.5", ""])("has no port %j", (port) =>
    expect(() => keptAddress({ port }, {}, undefined)).toThrow("is no port"),
  );
});

test("an environment in the making is not old, and is told instead", () => {
  const environment = (stack: string, deployed?: string) => ({
    ...{ stack, resources: 0 },
    ...(deployed !== undefined && { deployed: new Date(deployed) }),
  });
  const [old, young, making] = [
    environment("a", "2026-01-01"),
    environment("b", "2026-03-01"),
    environment("c"),
  ];
  expect(notDeployedSince([old, young, making], Date.parse("2026-02-01"))).toEqual({
    old: [old],
    undeployed: [making],
  });
  expect(notDeployedSince([old, young, making], undefined)).toEqual({ old: [], undeployed: [] });
});

test("spans of time have a unit", () => {
  expect(["90m", "12h", "3d", "2w"].map(toMilliseconds)).toEqual([
    5_400_000, 43_200_000, 259_200_000, 1_209_600_000,
  ]);
  for (const span of ["3", "3 d", "d", "-1d", "1y"]) expect(() => toMilliseconds(span)).toThrow("is no span");
});

describe("an environment behind another stack's edge", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dating-front-"));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  const file = (stack: string, config: Record<string, string>) => {
    const lines = Object.entries(config).map(([key, value]) => `  dating:${key}: ${value}\n`);
    const text = `config:\n  dating:domain: ${stack}.example.com\n${lines.join("")}`;
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), text);
    return new StackFile(stack, folder);
  };
  const docker = (script: string) => {
    writeFileSync(join(folder, "docker"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    jest.replaceProperty(process, "env", { ...process.env, PATH: `${folder}:${process.env.PATH}` });
  };
  const host = { dockerHost: "ssh://deploy@staging.example.com" };
  const serving = { ...host, previewDomain: "previews.example.com" };
  const front = (settings: Record<string, string>, named?: string) =>
    frontFor("preview-pr-7", file("dev", host), file("staging", settings), named);

  test("has a name below that stack's, and believes what comes from the network of both", () => {
    docker(
      `[ "$DOCKER_HOST $1 $2 $5" = "${host.dockerHost} network inspect dating-staging-previews" ] && echo "172.30.0.0/16 fd00::/64"`,
    );
    expect(front({ ...serving, tls: "acme" })).toEqual({
      domain: "pr-7.previews.example.com",
      settings: {
        behind: "staging",
        behindTls: "acme",
        behindPort: "443",
        trustedProxies: ["172.30.0.0/16"],
      },
    });
    expect(front({ ...serving, httpPort: "8080" }).settings).toMatchObject({
      behindTls: "off",
      behindPort: "8080",
    });
  });

  test.each([
    [
      "where that stack serves none",
      host,
      undefined,
      "pulumi config set --stack staging dating:previewDomain",
    ],
    [
      "where it is on another host",
      { previewDomain: "x.example.com" },
      undefined,
      "another Docker host than dev",
    ],
    [
      "with a name of its own beside",
      serving,
      "mine.example.com",
      "--domain and --behind do not go together",
    ],
    ["before that stack was deployed with it", serving, undefined, "./dating up staging"],
  ])("is refused %s", (_, settings, named, message) => {
    docker('echo "Error response from daemon: network dating-staging-previews not found" >&2; exit 1');
    expect(() => front(settings as Record<string, string>, named)).toThrow(message);
  });

  test("is not taken for one without a network where Docker could not be asked", () => {
    docker("echo cannot connect >&2; exit 1");
    expect(() => front(serving)).toThrow(
      "Docker does not say what the network dating-staging-previews is: cannot connect",
    );
  });
});
