import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

/*
 * One container for each option that Workload uses, in the form in which it uses it. The names are the tests' names.
 */

const prefix = `dating-${pulumi.getStack()}`;
const label = { label: "dating.stack", value: prefix };
const port = new pulumi.Config().requireNumber("port");

const network = (name: string, internal = false) =>
  new docker.Network(name, { name: `${prefix}-${name}`, driver: "bridge", internal, labels: [label] });
const edge = network("edge");
const internal = network("internal", true);
const volume = new docker.Volume("volume", { name: `${prefix}_volume`, labels: [label] });

const options: Record<string, Partial<docker.ContainerArgs>> = {
  command: {},
  capabilities: { capabilities: { adds: ["CAP_CHOWN", "CAP_SETUID"], drops: ["ALL"] } },
  "capabilities-dropped": { capabilities: { drops: ["ALL"] } },
  envs: { envs: ["A=1", "B=two words"] },
  healthcheck: {
    healthcheck: {
      tests: ["CMD-SHELL", "true"],
      interval: "1m30s",
      timeout: "3s",
      startPeriod: "1m0s",
      startInterval: "500ms",
      retries: 3,
    },
  },
  "host-path": {
    volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/var/run/docker.sock", readOnly: true }],
  },
  init: { init: true },
  labels: {},
  "log-driver": { logDriver: "json-file", logOpts: { "max-file": "3", "max-size": "10m" } },
  memory: { memory: 32, memorySwap: 32 },
  networks: { networksAdvanced: [{ name: edge.name, aliases: ["one", "two"] }, { name: internal.name }] },
  "port-loopback": { ports: [{ internal: 80, external: port, ip: "127.0.0.1" }] },
  "port-everyone": { ports: [{ internal: 80, external: port + 1, ip: "0.0.0.0" }] },
  "read-only": { readOnly: true },
  restart: { restart: "unless-stopped" },
  "security-options": { securityOpts: ["no-new-privileges:true"] },
  "stop-timeout": { stopTimeout: 30, destroyGraceSeconds: 30 },
  tmpfs: { tmpfs: { "/tmp": "mode=1777,size=64m" } },
  ulimits: { ulimits: [{ name: "nproc", soft: 1024, hard: 1024 }] },
  uploads: { uploads: [{ file: "/run/secrets/x", content: pulumi.secret("content"), permissions: "0444" }] },
  user: { user: "1000:1000" },
  volume: { volumes: [{ volumeName: volume.name, containerPath: "/data" }] },
};

for (const [name, option] of Object.entries(options)) {
  new docker.Container(
    name,
    {
      name: `${prefix}-${name}`,
      image: "debian:trixie-slim",
      command: ["sleep", "infinity"],
      labels: [label],
      ...option,
    },
    { deleteBeforeReplace: true },
  );
}

/** The tests are driven by this list. */
export const tested = Object.keys(options);
