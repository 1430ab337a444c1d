import * as pulumi from "@pulumi/pulumi";

import type { LogCollector } from "../../config/keys";
import { Alloy } from "./alloy";
import type { MonitoringFiles } from "./files";
import type { LogCollectorArgs } from "./log-collector";
import { Promtail } from "./promtail";

/** Where Prometheus finds each of them on monitoring's network. */
export const logCollectorAddress: Record<LogCollector, string> = {
  alloy: `alloy:${Alloy.port}`,
  promtail: `promtail:${Promtail.port}`,
};

/** The stack's log collector. */
export function createLogCollector(
  which: LogCollector,
  args: Omit<LogCollectorArgs<never>, "configuration"> & { files: MonitoringFiles },
  opts: pulumi.ComponentResourceOptions,
): pulumi.ComponentResource {
  const { files, ...common } = args;
  return which === "alloy"
    ? new Alloy("alloy", { ...common, configuration: files.alloy }, opts)
    : new Promtail("promtail", { ...common, configuration: files.promtail }, opts);
}
