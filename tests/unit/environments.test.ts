import { isPreview } from "../../config/stack-kind";
import { keptAddress } from "../../ops/environments/address";
import { portOf, rangeOf, stackOf, toMilliseconds } from "../../ops/environments/names";
import { notDeployedSince } from "../../ops/environments/stacks";

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
