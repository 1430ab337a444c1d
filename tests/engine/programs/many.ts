import "../../../start/lazy-arborist";
import "../../../start/promise-traces";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { labelList, stackLabels, type StackContext } from "../../../components/context";
import { containers } from "../../../components/workload/container";
import { Workload } from "../../../components/workload";

/* As many workloads as `count` says. */

const config = new pulumi.Config();
const context: StackContext = {
  orchestrator: containers,
  prefix: `dating-${pulumi.getStack()}`,
  entryPoint: "web",
  healthTimeout: "300 seconds",
  quickStart: true,
  hosts: ["localhost"],
  ipv6: true,
  ipv6Networks: true,
  memory: () => 16,
};
const image = "debian:trixie-slim";
const network = new docker.Network("network", {
  name: context.prefix,
  labels: labelList(stackLabels(context)),
});

for (let number = 1; number <= config.requireNumber("count"); number++) {
  const service = `service-${number}`;
  new Workload(
    service,
    {
      ...{ context, service, image, command: ["sleep", "infinity"], memory: 16 },
      environment: { NUMBER: String(number) },
      networks: [{ network }],
      // At the usual interval a hundred checks would keep the machine busy by themselves.
      health: { command: "true", interval: "20 seconds" },
      ...{ rollout: "start-first", filesystem: "read-only" },
    },
    {},
  );
}
