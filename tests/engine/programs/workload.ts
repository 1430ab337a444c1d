import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { containers } from "../../../components/workload/container";
import { Workload, type WorkloadArgs } from "../../../components/workload";

/** What the tests change of a workload, one thing of each. */
export interface Settings {
  rollout: "start-first" | "stop-first";
  image: string;
  variable: string;
  label: string;
  health: string;
  memory: number;
  file: string;
  port: number;
  network: "one" | "two";
}

/** The settings of each workload, by its name. */
const workloads = new pulumi.Config().requireObject<Record<string, Settings>>("workloads");
const prefix = `dating-${pulumi.getStack()}`;
const label = { label: "dating.stack", value: prefix };

const networks = {
  one: new docker.Network("one", { name: `${prefix}-one`, labels: [label] }),
  two: new docker.Network("two", { name: `${prefix}-two`, labels: [label] }),
};

for (const [name, settings] of Object.entries(workloads)) {
  const volume = new docker.Volume(`data-${name}`, { name: `${prefix}-data-${name}`, labels: [label] });
  const common = {
    context: {
      orchestrator: containers,
      ...{ prefix, entryPoint: "web" as const, healthTimeout: "120 seconds" },
      quickStart: true,
      hosts: ["localhost"],
      ipv6: true,
      ipv6Networks: true,
      memory: () => settings.memory,
    },
    service: name,
    image: settings.image,
    command: ["sleep", "infinity"],
    environment: { VARIABLE: settings.variable, OTHER: "same" },
    networks: [{ network: networks[settings.network], aliases: [name] }],
    labels: { "test.label": settings.label },
    health: { command: settings.health, interval: "1 second" },
    memory: settings.memory,
    stopTimeout: "1 second",
    capabilities: ["CAP_SETUID", "CAP_CHOWN"],
    temporary: ["/scratch"],
    filesystem: { writableBecause: "it gets a file" },
    files: [{ path: "/etc/subject.conf", content: settings.file }],
  } satisfies Partial<WorkloadArgs>;
  const args: WorkloadArgs =
    settings.rollout === "start-first"
      ? {
          ...common,
          rollout: "start-first",
          volumes: [{ volume, path: "/data", sharedBetweenReleases: true }],
        }
      : {
          ...common,
          rollout: "stop-first",
          volumes: [{ volume, path: "/data" }],
          ports: [{ container: 80, host: settings.port, reach: "loopback" }],
        };
  new Workload(name, args, {});
}
