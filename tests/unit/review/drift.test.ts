import { compareContainer, uncompared, type Images } from "../../../ops/drift/compare";
import { refreshFindings } from "../../../ops/drift/engine";
import type { InspectedContainer } from "../../../ops/host/inspect";

const inputs = {
  __defaults: [],
  capabilities: { __defaults: [], adds: ["CAP_CHOWN"], drops: ["ALL"] },
  envs: ["A=1", "TOKEN=very-secret"],
  healthcheck: {
    tests: ["CMD-SHELL", "true"],
    interval: "1m30s",
    timeout: "3s",
    startPeriod: "1h0m0s",
    startInterval: "500ms",
    retries: 3,
  },
  image: "bot:1",
  init: true,
  labels: [{ label: "dating.stack", value: "dating-prod" }],
  logDriver: "json-file",
  logOpts: { "max-file": "3", "max-size": "10m" },
  memory: 64,
  memorySwap: 64,
  networksAdvanced: [{ name: "internal", aliases: ["db"] }],
  ports: [{ internal: 80, external: 8080, ip: "127.0.0.1" }],
  readOnly: true,
  restart: "unless-stopped",
  securityOpts: ["no-new-privileges:true"],
  stopTimeout: 30,
  tmpfs: { "/tmp": "mode=1777,size=64m" },
  ulimits: [{ name: "nproc", soft: 10, hard: 20 }],
  volumes: [
    { volumeName: "data", containerPath: "/data" },
    { hostPath: "/proc", containerPath: "/host/proc", readOnly: true },
  ],
};
const images: Images = {
  wanted: { Id: "sha256:1", Config: {} },
  own: { Id: "sha256:1", Config: { Env: ["PATH=/bin"], Labels: { "org.example": "x" } } },
};

const container = (): InspectedContainer => ({
  Id: "c1",
  Name: "/bot",
  Image: "sha256:1",
  State: { Running: true, Status: "running" },
  Config: {
    Image: "bot:1",
    Cmd: ["bot"],
    Env: ["A=1", "TOKEN=very-secret", "PATH=/bin"],
    Labels: { "dating.stack": "dating-prod", "org.example": "x" },
    User: "",
    StopTimeout: 30,
    Healthcheck: {
      Test: ["CMD-SHELL", "true"],
      Interval: 90e9,
      Timeout: 3e9,
      StartPeriod: 3600e9,
      StartInterval: 5e8,
      Retries: 3,
    },
  },
  HostConfig: {
    CapAdd: ["CHOWN"],
    CapDrop: ["ALL"],
    Init: true,
    LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    Memory: 64 * 1024 * 1024,
    MemorySwap: -1,
    ShmSize: 64 * 1024 ** 2,
    PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] },
    Privileged: false,
    ReadonlyRootfs: true,
    RestartPolicy: { Name: "unless-stopped" },
    SecurityOpt: ["no-new-privileges:true"],
    Tmpfs: { "/tmp": "mode=1777,size=64m" },
    Ulimits: [{ Name: "nproc", Soft: 10, Hard: 20 }],
  },
  Mounts: [
    { Type: "volume", Name: "data", Source: "/var/lib/docker/x", Destination: "/data", RW: true },
    { Type: "bind", Source: "/proc", Destination: "/host/proc", RW: false },
    { Type: "volume", Name: "f".repeat(64), Source: "/var/lib/docker/y", Destination: "/declared", RW: true },
  ],
  NetworkSettings: { Networks: { internal: { Aliases: ["db", "c1"] } } },
});

const texts = (change: (found: InspectedContainer) => void, secret: string[] = []) => {
  const found = container();
  change(found);
  return compareContainer(inputs, new Set(secret), found, images).map(({ text }) => text);
};

test("a container as it was deployed has no difference, in whatever spelling Docker tells it", () => {
  expect(texts(() => undefined)).toEqual([]);
  expect(uncompared(inputs)).toEqual([]);
});

test.each<[string, (found: InspectedContainer) => void, string]>([
  [
    "a capability",
    ({ HostConfig }) => (HostConfig.CapAdd = ["CAP_SYS_ADMIN"]),
    'capabilities: adds ["CHOWN"] → ["SYS_ADMIN"]',
  ],
  ["a health check", ({ Config }) => (Config.Healthcheck!.Interval = 1e9), "healthcheck: interval 90 → 1"],
  ["another image", ({ Config }) => (Config.Image = "bot:2"), "image: bot:1 → bot:2"],
  ["a moved tag", (found) => (found.Image = "sha256:2"), "image: sha256:1 → sha256:2"],
  [
    "a label",
    ({ Config }) => (Config.Labels = { "dating.stack": "x" }),
    "labels: dating.stack dating-prod → x",
  ],
  [
    "a log option",
    ({ HostConfig }) => (HostConfig.LogConfig.Config = { "max-file": "3" }),
    "logOpts: max-size 10m → nothing",
  ],
  ["a log driver", ({ HostConfig }) => (HostConfig.LogConfig.Type = "none"), "logDriver: json-file → none"],
  ["a memory limit", ({ HostConfig }) => (HostConfig.Memory = 0), "memory: 64 → 0"],
  [
    "a network",
    ({ NetworkSettings }) => (NetworkSettings.Networks.other = { Aliases: null }),
    "networksAdvanced: other nothing → []",
  ],
  [
    "a network's alias",
    ({ NetworkSettings }) => (NetworkSettings.Networks.internal!.Aliases = []),
    'networksAdvanced: internal ["db"] → []',
  ],
  [
    "a published port",
    ({ HostConfig }) => (HostConfig.PortBindings = { "80/tcp": [{ HostIp: "", HostPort: "8080" }] }),
    'ports: ["127.0.0.1:8080->80/tcp"] → ["0.0.0.0:8080->80/tcp"]',
  ],
  ["privileges", ({ HostConfig }) => (HostConfig.Privileged = true), "privileged: false → true"],
  ["a writable root", ({ HostConfig }) => (HostConfig.ReadonlyRootfs = false), "readOnly: true → false"],
  ["a volume", ({ Mounts }) => (Mounts[0]!.Name = "other"), "volumes: /data data (rw) → other (rw)"],
  [
    "a volume of its own in the place of ours",
    ({ Mounts }) => (Mounts[0]!.Name = "e".repeat(64)),
    `volumes: /data data (rw) → ${"e".repeat(64)} (rw)`,
  ],
  [
    "a mount that may be written",
    ({ Mounts }) => (Mounts[1]!.RW = true),
    "volumes: /host/proc /proc (ro) → /proc (rw)",
  ],
  [
    "variables",
    ({ Config }) => (Config.Env = ["A=2", "X=very-secret"]),
    "environment: A has another value, TOKEN is missing, X was not deployed",
  ],
])("%s that changed is told", (_, change, text) => expect(texts(change)).toEqual([text]));

test("no value of a secret is told", () => {
  const shown = texts(
    ({ Config, HostConfig }) => {
      Config.Env = ["TOKEN=another-secret"];
      Config.Labels = { secret: "very-secret" };
      HostConfig.Memory = 1;
    },
    ["labels", "memory"],
  );
  expect(shown).toEqual([
    "labels differs (secret)",
    "memory differs (secret)",
    "environment: A is missing, TOKEN has another value",
  ]);
});

test("an input that nothing compares is named", () => {
  expect(uncompared({ ...inputs, dns: ["1.1.1.1"] })).toEqual(["dns"]);
});

test("the engine's refresh tells what is gone and which properties are others, and nothing else", () => {
  const volume = "urn:pulumi:prod::dating::docker:index/volume:Volume::postgres_data";
  const network = "urn:pulumi:prod::dating::docker:index/network:Network::edge-network";
  const oldState = (type: string) => ({ type, id: "real-name" });
  expect(
    refreshFindings({
      steps: [
        { op: "delete", urn: volume, oldState: oldState("docker:index/volume:Volume") },
        { op: "refresh", urn: `${volume}2` },
        {
          op: "update",
          urn: network,
          oldState: oldState("docker:index/network:Network"),
          detailedDiff: { "internal[0].x": {} },
        },
      ],
    }),
  ).toEqual([
    {
      urn: volume,
      subject: "postgres_data",
      text: "the volume is gone, with all data in it",
      seenByEngine: true,
      lostVolume: "real-name",
    },
    {
      urn: network,
      subject: "edge-network",
      property: "internal",
      text: "internal is another than deployed",
      seenByEngine: true,
    },
  ]);
});
