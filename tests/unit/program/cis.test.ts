import { cisChecks } from "../../../policy/cis";
import type { Evidence } from "../../../policy/inspected";

/** What the engine says of a container that passes every check. */
const evidence = (): Evidence => ({
  container: {
    Id: "c1",
    Name: "/dating-prod-webapp",
    AppArmorProfile: "docker-default",
    State: { Pid: 1000, Health: { Status: "healthy" } },
    Config: { Env: [], Labels: { "dating.service": "webapp" } },
    HostConfig: {
      CapAdd: ["CAP_CHOWN"],
      CapDrop: ["ALL"],
      CgroupParent: "",
      Devices: null,
      IpcMode: "private",
      LogConfig: { Type: "json-file", Config: {} },
      Memory: 64,
      MemorySwap: 64,
      NetworkMode: "dating-prod-edge",
      PidMode: "",
      PortBindings: {},
      Privileged: false,
      ReadonlyRootfs: true,
      RestartPolicy: { Name: "unless-stopped" },
      SecurityOpt: ["no-new-privileges:true"],
      Ulimits: [{ Name: "nproc", Hard: 1024 }],
      UTSMode: "",
      UsernsMode: "",
    },
    Mounts: [
      { Type: "volume", Source: "/var/lib/docker/x", Destination: "/data", Propagation: "", RW: true },
    ],
    NetworkSettings: { Networks: { "dating-prod-edge": {} } },
  },
  processes: ["nginx: master process"],
  dockerCalls: [
    "exec --user postgres --interactive dating-prod-postgres psql --username root",
    "run --user 0 image",
  ],
});

const failed = (found: Evidence) =>
  cisChecks.flatMap((check) => ("holds" in check && !check.holds(found) ? [check.id] : []));

test("a container that is as it should be fails no check", () => {
  expect(failed(evidence())).toEqual([]);
});

const socket = {
  ...{ Type: "bind", Source: "/run/docker.sock", Destination: "/s" },
  ...{ Propagation: "rprivate", RW: false },
};
const everywhere = { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "80" }] };
const cases: [string, string[], (found: Evidence) => void][] = [
  ["AppArmor is off", ["5.2"], ({ container }) => (container.AppArmorProfile = "unconfined")],
  [
    "AppArmor is told to be off",
    ["5.2"],
    ({ container }) => container.HostConfig.SecurityOpt!.push("apparmor=unconfined"),
  ],
  ["SELinux is off", ["5.3"], ({ container }) => container.HostConfig.SecurityOpt!.push("label=disable")],
  ["capabilities are kept", ["5.4"], ({ container }) => (container.HostConfig.CapDrop = null)],
  ["one is added", ["5.4"], ({ container }) => container.HostConfig.CapAdd!.push("CAP_NET_ADMIN")],
  ["it is privileged", ["5.5"], ({ container }) => (container.HostConfig.Privileged = true)],
  ["it has the socket", ["5.6", "5.32"], ({ container }) => container.Mounts.push(socket)],
  ["it runs sshd", ["5.7"], ({ processes }) => processes.push("/usr/sbin/sshd -D")],
  ["a port is open", ["5.9", "5.14"], ({ container }) => (container.HostConfig.PortBindings = everywhere)],
  ["it has the host's network", ["5.10"], ({ container }) => (container.HostConfig.NetworkMode = "host")],
  ["its memory has no limit", ["5.11"], ({ container }) => (container.HostConfig.Memory = 0)],
  ["it may swap", ["5.11"], ({ container }) => (container.HostConfig.MemorySwap = 128)],
  ["its root is writable", ["5.13"], ({ container }) => (container.HostConfig.ReadonlyRootfs = false)],
  ["it has the host's processes", ["5.16"], ({ container }) => (container.HostConfig.PidMode = "host")],
  ["it shares its IPC", ["5.17"], ({ container }) => (container.HostConfig.IpcMode = "shareable")],
  ["it has a device", ["5.18"], ({ container }) => (container.HostConfig.Devices = [{}])],
  ["nproc is unlimited", ["5.19"], ({ container }) => (container.HostConfig.Ulimits = [])],
  ["a mount is shared", ["5.20"], ({ container }) => (container.Mounts[0]!.Propagation = "rshared")],
  ["it has the host's name", ["5.21"], ({ container }) => (container.HostConfig.UTSMode = "host")],
  [
    "seccomp is off",
    ["5.22"],
    ({ container }) => container.HostConfig.SecurityOpt!.push("seccomp=unconfined"),
  ],
  [
    "a privileged exec",
    ["5.23"],
    ({ dockerCalls }) => dockerCalls.push("exec --privileged --user nobody c1 sh"),
  ],
  ["an exec as root", ["5.24"], ({ dockerCalls }) => dockerCalls.push("exec -it --user root c1 sh")],
  ["an exec by whom the image names", ["5.24"], ({ dockerCalls }) => dockerCalls.push("exec c1 sh")],
  ["an exec as 0", ["5.24"], ({ dockerCalls }) => dockerCalls.push("exec -u 0:0 c1 sh")],
  ["another cgroup", ["5.25"], ({ container }) => (container.HostConfig.CgroupParent = "/other")],
  ["it may gain privileges", ["5.26"], ({ container }) => (container.HostConfig.SecurityOpt = null)],
  ["it has no health", ["5.27"], ({ container }) => (container.State.Health = undefined)],
  [
    "it is on the default bridge",
    ["5.30"],
    ({ container }) => (container.NetworkSettings.Networks.bridge = {}),
  ],
  ["it has the host's users", ["5.31"], ({ container }) => (container.HostConfig.UsernsMode = "host")],
];

test.each(cases)("%s: %j", (_, checks, change) => {
  const found = evidence();
  change(found);
  expect(failed(found)).toEqual(checks);
});

test("each check that the stack claims to meet is failed by one of these", () => {
  const covered = new Set(cases.flatMap(([, checks]) => checks));
  const met = cisChecks.filter((check) => "holds" in check).map(({ id }) => id);
  expect(met.filter((id) => !covered.has(id))).toEqual([]);
});
