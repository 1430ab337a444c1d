import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { Workload, type WorkloadArgs } from "../../../components/workload";

/** What the tests change, one at a time. */
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

const settings = new pulumi.Config().requireObject<Settings>("settings");
const prefix = `dating-${pulumi.getStack()}`;
const label = { label: "dating.stack", value: prefix };

const networks = {
  one: new docker.Network("one", { name: `${prefix}-one`, labels: [label] }),
  two: new docker.Network("two", { name: `${prefix}-two`, labels: [label] }),
};
const volume = new docker.Volume("data", { name: `${prefix}-data`, labels: [label] });

const common = {
  context: { prefix, entryPoint: "web" as const, healthTimeout: "30 seconds", memory: () => settings.memory },
  service: "subject",
  image: settings.image,
  command: ["sleep", "infinity"],
  environment: { VARIABLE: settings.variable, OTHER: "same" },
  networks: [{ network: networks[settings.network], aliases: ["subject"] }],
  labels: { "test.label": settings.label },
  health: { command: settings.health, interval: "1 second", retries: 2 },
  memory: settings.memory,
  stopTimeout: "1 second",
  capabilities: ["CAP_SETUID", "CAP_CHOWN"],
  temporary: ["/scratch"],
  filesystem: { writableBecause: "it gets a file" },
  files: [{ path: "/etc/subject.conf", content: settings.file }],
} satisfies Partial<WorkloadArgs>;

const args: WorkloadArgs =
  settings.rollout === "start-first"
    ? { ...common, rollout: "start-first", volumes: [{ volume, path: "/data", sharedBetweenReleases: true }] }
    : {
        ...common,
        rollout: "stop-first",
        volumes: [{ volume, path: "/data" }],
        ports: [{ container: 80, host: settings.port, reach: "loopback" }],
      };

new Workload("subject", args, {});
