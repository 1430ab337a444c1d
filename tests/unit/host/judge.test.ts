import type { Finding } from "../../../host/finding";
import { labelsOf, thisProcess, type Holder } from "../../../host/marks/holder";
import { judge, type HostSeen } from "../../../host/judge";
import { pointInTimeLabel } from "../../../host/marks/point-in-time";
import type { HostView } from "../../../host/asking/view";
import type { Wanted } from "../../../host/wanted";
import { answers, container, network, networks, wanted } from "./recorded";

/** What is said of a host: level and first words. */
function said(host: ReturnType<typeof answers>, changes: Partial<Wanted> = {}, more: Partial<HostSeen> = {}) {
  const findings = judge({ answers: host, view: {}, ...more }, { ...wanted, ...changes });
  // What this recorded host has said of itself in every case.
  return findings.filter(({ what }) => !what.includes("neither AppArmor nor SELinux")).map(short);
}
const short = ({ level, what }: Finding) => `${level}: ${what}`;

test("an empty host with a tried engine has nothing said of it", () => {
  expect(said(answers())).toEqual([]);
});

describe("an engine", () => {
  test.each([
    ["20.10", { Version: "20.10.24+dfsg1", ApiVersion: "1.41", MinAPIVersion: "1.12" }, {}, []],
    [
      "19.03",
      { Version: "19.03.15", ApiVersion: "1.40" },
      {},
      ["refuse: Docker Engine 19.03.15 is too old: its API is 1.40"],
    ],
    ["nobody tried", { Version: "27.3.1" }, {}, ["note: Docker Engine 27.3.1 was not tried with the stack"]],
    ["with another driver", {}, { Driver: "btrfs" }, ["note: the storage driver is btrfs"]],
    ["for Windows", {}, { OSType: "windows" }, ["refuse: the engine runs windows containers"]],
    [
      "with live-restore",
      {},
      { LiveRestoreEnabled: true },
      ["note: containers go on while the engine is restarted (live-restore)"],
    ],
    ["in a swarm", {}, { Swarm: { LocalNodeState: "active" } }, ["note: the engine is part of a swarm"]],
    ["on cgroup v2", {}, { CgroupVersion: "2", CgroupDriver: "systemd" }, []],
  ])("%s", (_, version, info, findings) => {
    expect(said(answers({ version, info }))).toEqual(findings);
  });

  test("whose API floor keeps this machine's CLI out is refused with the CLI's words", () => {
    const problem =
      "Error response from daemon: client version 1.41 is too old. Minimum supported API version is 1.44";
    const floor = answers({ version: { MinAPIVersion: "1.44" } });
    const client = { version: "20.10.24", apiVersion: "1.41", problem };
    const [finding] = judge({ answers: floor, view: {}, client }, wanted);
    expect(finding).toMatchObject({ level: "refuse", why: problem });
    expect(finding!.fix).toContain("API 1.44 to 1.56");
    expect(said(floor, {}, { client: { version: "29.8.1", apiVersion: "1.56" } })).toEqual([]);
  });
});

describe("what confines containers", () => {
  const secure = (...names: string[]) =>
    answers({ info: { SecurityOptions: names.map((name) => `name=${name}`) } });

  test("a rootless engine is refused until its socket is named, and warned of for its ports", () => {
    const rootless = secure("seccomp,profile=builtin", "rootless", "cgroupns");
    const [refusal, warning] = judge({ answers: rootless, view: {} }, wanted);
    expect(refusal).toMatchObject({
      level: "refuse",
      fix: expect.stringContaining("dating:dockerSocket /run/user/UID/docker.sock"),
    });
    expect(warning).toMatchObject({ fix: expect.stringContaining("ip_unprivileged_port_start=80") });
    expect(said(rootless, { dockerSocket: "/run/user/1000/docker.sock" })).toEqual([
      "warn: the engine is rootless, which was not tried with the stack",
    ]);
  });

  test.each([
    [
      "SELinux",
      ["seccomp", "selinux"],
      "warn: the engine runs with SELinux, which was not tried with the stack",
    ],
    [
      "userns-remap",
      ["seccomp", "userns"],
      "note: the engine maps containers' users to others of the host (userns-remap)",
    ],
    ["no seccomp", ["apparmor"], "warn: the engine has no seccomp profile"],
  ])("%s is told", (_, names, finding) => {
    expect(said(secure(...names))).toEqual([finding]);
  });
});

describe("what the host has", () => {
  test("less memory than the stack may take is warned of", () => {
    const small = answers({ info: { MemTotal: 2 * 1024 ** 3 } });
    expect(said(small)).toEqual(["warn: the services may take 4160 MiB together, and the host has 2048"]);
    expect(said(small, { memory: 2048 })).toEqual([]);
  });

  test("a kernel that counts no memory, or no swap, is warned of once", () => {
    expect(said(answers({ info: { MemoryLimit: false, SwapLimit: false } }))).toEqual([
      "warn: the kernel does not limit memory (no memory cgroup)",
    ]);
    expect(said(answers({ info: { SwapLimit: false } }))).toEqual([
      "warn: the kernel does not count swap (no swap limit support)",
    ]);
    expect(said(answers({ info: { CgroupDriver: "none" } }))).toEqual(["warn: the engine uses no cgroups"]);
  });

  test("images of another processor are refused, where none of them runs", () => {
    const image = { Id: "sha256:arm", Architecture: "arm64", Os: "linux" };
    const images = new Map([
      ["bot:1", image],
      ["webapp:1", { ...image, Id: "sha256:amd", Architecture: "amd64" }],
    ]);
    const finding = "bot:1 is for arm64, and the host is amd64";
    expect(said(answers({ images }))).toEqual([`refuse: ${finding}`]);
    expect(said(answers({ images, info: { OperatingSystem: "Docker Desktop" } }))).toEqual([
      `warn: ${finding}`,
    ]);
    expect(said(answers({ images, containers: [container("bot", { ImageID: "sha256:arm" })] }))).toEqual([]);
    expect(said(answers({ images, info: { Architecture: "aarch64" } }))).toEqual([
      "refuse: webapp:1 is for amd64, and the host is arm64",
    ]);
  });

  test("another time is warned of, beyond what asking takes", () => {
    const now = answers().askedAt;
    expect(said(answers({ askedAt: now + 20_000 }))).toEqual([]);
    expect(said(answers({ askedAt: now + 90_000 }))).toEqual([
      "warn: the host's clock is 90 s behind this machine's",
    ]);
    expect(said(answers({ askedAt: now - 90_000 }))).toEqual([
      "warn: the host's clock is 90 s ahead of this machine's",
    ]);
  });
});

describe("networks", () => {
  test("a range that another network has is refused; the stack's own have it rightly", () => {
    const networkRange = "198.18.7.0/24";
    const other = answers({ networks: [...networks, network("other", "198.18.7.128/26")] });
    expect(said(other, { networkRange })).toEqual([
      "refuse: dating:networkRange 198.18.7.0/24 has addresses of the network other (198.18.7.128/26)",
    ]);
    const wide = answers({ networks: [...networks, network("vpn", "198.18.0.0/15")] });
    expect(said(wide, { networkRange })).toHaveLength(1);
    const own = answers({ networks: [...networks, network("edge", "198.18.7.0/26", "dating-prod")] });
    expect(said(own, { networkRange })).toEqual([]);
  });

  test("no room for the stack's is refused, counted in the engine's own ranges", () => {
    const DefaultAddressPools = [{ Base: "10.200.0.0/22", Size: 24 }];
    const taken = network("one", "10.200.0.0/24");
    const room = answers({ info: { DefaultAddressPools }, networks: [...networks, taken] });
    expect(said(room)).toEqual([]);
    const full = answers({
      info: { DefaultAddressPools },
      networks: [...networks, taken, network("two", "10.200.2.0/24")],
    });
    expect(said(full)).toEqual([
      "refuse: the engine has addresses for 2 more networks, and the stack makes 3",
    ]);
    expect(said(full, { networkRange: "198.18.7.0/24" })).toEqual([]);
    const usual = Array.from({ length: 14 }, (_, index) => network(`n${index}`, `172.${18 + index}.0.0/16`));
    const many = [...usual, network("wide", "192.168.0.0/17"), network("high", "192.168.128.0/18")];
    expect(said(answers({ networks: [...networks, ...many] }))).toEqual([]);
    expect(said(answers({ networks: [...networks, ...many, network("last", "192.168.192.0/19")] }))).toEqual([
      "refuse: the engine has addresses for 2 more networks, and the stack makes 3",
    ]);
  });

  test("on which containers may not talk, and a host that forwards nothing, are told", () => {
    const deaf = {
      ...network("dating-prod-edge", "172.18.0.0/16", "dating-prod"),
      Options: { "com.docker.network.bridge.enable_icc": "false" },
    };
    expect(said(answers({ networks: [...networks, deaf] }))).toEqual([
      "refuse: containers on the network dating-prod-edge may not talk to one another",
    ]);
    const Options = { "com.docker.network.bridge.enable_ip_masquerade": "false" };
    expect(said(answers({ networks: [{ ...networks[0]!, Options }] }))).toEqual([
      "warn: the engine translates no addresses (iptables or ip-masq is off in its configuration)",
    ]);
    expect(said(answers({ info: { IPv4Forwarding: false } }))).toEqual([
      "warn: the host forwards no IPv4 packets",
    ]);
    expect(said(answers({ info: { FirewallBackend: { Driver: "nftables" } } }))).toEqual([
      "note: the engine's firewall rules are made with nftables",
    ]);
  });
});

test("a restore that was interrupted while data changed places keeps the stack from being deployed, and no other", () => {
  const mark = (of: string) =>
    answers({ containers: [container("mark", { Labels: { "dating.restore": of } })] });
  expect(said(mark("dating-prod"))).toEqual([
    "refuse: a restore of the stack was interrupted while its data changed places",
  ]);
  expect(said(mark("dating-staging"))).toEqual([]);
});

describe("a restore to a point in time", () => {
  const here = { ...thisProcess(), doing: "restore", token: "" };
  const ended = { ...here, pid: 2 ** 22 + 1 };
  const left = (begun: Holder, State: string) => {
    const labels = labelsOf(begun, pointInTimeLabel).map((label) => label.split(/=(.*)/s).slice(0, 2));
    const Labels = { [pointInTimeLabel]: "dating-prod", ...(Object.fromEntries(labels) as object) };
    return said(answers({ containers: [container("reader", { Labels, State })] }));
  };

  test("that was killed is told, with what removes what it has left", () => {
    const told = ["warn: a killed restore to a point in time has left reader"];
    expect(left(ended, "running")).toEqual(told);
    expect(left({ ...ended, who: "ben@desk" }, "created")).toEqual(told);
  });

  test("is at work as long as nobody knows that its command is gone", () => {
    expect(left(here, "running")).toEqual([]);
    expect(left({ ...ended, who: "ben@desk" }, "running")).toEqual([]);
  });
});

describe("what else is on the host", () => {
  const publishes = (IP: string, PublicPort: number) => ({ Ports: [{ IP, PublicPort, Type: "tcp" }] });

  test("a port that another container publishes is refused; one's own, or on another address, is not", () => {
    const other = container("proxy", publishes("0.0.0.0", 80));
    expect(said(answers({ containers: [other] }))).toEqual([
      "refuse: port 80 (dating:httpPort) is published by the container proxy",
    ]);
    expect(said(answers({ containers: [container("proxy", publishes("127.0.0.1", 80))] }))).toHaveLength(1);
    expect(said(answers({ containers: [container("grafana", publishes("10.0.0.5", 3000))] }))).toEqual([]);
    expect(said(answers({ containers: [container("grafana", publishes("127.0.0.1", 3000))] }))).toHaveLength(
      1,
    );
    const own = container("traefik", publishes("0.0.0.0", 80), "dating-prod");
    expect(said(answers({ containers: [own] }))).toEqual([]);
  });

  test("what may be gone by the time of the deploy is marked, so that a preview goes on", () => {
    const taken = [container("proxy", publishes("0.0.0.0", 80))];
    const found = judge({ answers: answers({ containers: taken }), view: {} }, wanted);
    const refusals = found.filter(({ level }) => level === "refuse");
    expect(refusals.map(({ mayPass }) => mayPass)).toEqual([true]);
  });

  test("another stack's volume is refused, and one in use is warned of", () => {
    const Name = "dating-prod_postgres_data";
    const volumes = [{ Name, Labels: { "dating.stack": "dating-staging" } }];
    expect(said(answers({ volumes }))).toEqual([
      `refuse: the volume ${Name} (postgres_data) belongs to the stack dating-staging`,
    ]);
    const user = container("old-db", { Mounts: [{ Type: "volume", Name }] });
    const plain = [{ Name, Labels: null }];
    expect(said(answers({ volumes: plain, containers: [user] }))).toEqual([
      `warn: the volume ${Name} (postgres_data) is in use by the container old-db`,
    ]);
    expect(said(answers({ volumes: plain, containers: [{ ...user, State: "exited" }] }))).toEqual([]);
  });

  test("other stacks are told with what they have", () => {
    const others = ["bot", "webapp"].map((name) => container(name, {}, "dating-staging"));
    expect(said(answers({ containers: others }))).toEqual([
      "note: another stack is on the host: dating-staging (2 containers)",
    ]);
  });
});

describe("what the host shows beside its engine", () => {
  const seen = (view: HostView, containers = [] as ReturnType<typeof container>[]) =>
    said(answers({ containers }), {}, { view });

  test("little disk, a foreign process on a port, and no socket", () => {
    const gibibyte = 1024 ** 3;
    expect(seen({ disk: { free: 2 * gibibyte, total: 20 * gibibyte } })).toEqual([
      "warn: the disk with Docker's data has 2.0 GiB free of 20.0",
    ]);
    const listening = [{ ip: "127.0.0.1", port: 80 }];
    expect(seen({ listening })).toEqual(["warn: a process of the host listens on port 80 (dating:httpPort)"]);
    const own = container("t", { Ports: [{ IP: "0.0.0.0", PublicPort: 80, Type: "tcp" }] }, "dating-prod");
    expect(seen({ listening }, [own])).toEqual([]);
    expect(seen({ socket: false })).toEqual([
      "refuse: there is no socket at /var/run/docker.sock on the host (dating:dockerSocket)",
    ]);
    expect(seen({ ipv6: true })).toEqual([]);
    expect(seen({ ipv6: false })).toEqual(["refuse: the kernel of the host has no IPv6 (dating:ipv6)"]);
    expect(seen({ socket: true, disk: { free: 9 * gibibyte, total: 20 * gibibyte } })).toEqual([]);
  });
});
