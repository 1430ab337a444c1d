import * as pulumi from "@pulumi/pulumi";

import { stackPrefix } from "../components/context";
import { readGrafanaFiles } from "../components/monitoring/grafana/dashboards";
import { readMonitoringFiles } from "../components/monitoring/files";
import type { Config } from "../config";
import { grafanaAddress, grafanaTunnel, openTunnel } from "../host/tunnel";

/** What is there of the monitoring before anything of it is made. */
export interface ReadyMonitoring {
  files: ReturnType<typeof readMonitoringFiles>;
  grafanaFiles: ReturnType<typeof readGrafanaFiles>;
  /** Grafana's address, as reached from this machine. */
  url: string;
}

/**
 * Reads the files of `monitoring/`, and opens the tunnel to a Grafana on a host that is reached over SSH.
 *
 * @param hostAnswers whether there is a host to reach
 * @throws where a file is not what it has to be, in a stack without monitoring, too
 */
export function readyMonitoring(config: Config, hostAnswers: boolean): ReadyMonitoring {
  const files = readMonitoringFiles();
  const grafanaFiles = readGrafanaFiles({ database: config.databaseName });
  if (hostAnswers) reachGrafana(config);
  return { files, grafanaFiles, url: grafanaAddress(config, stackPrefix()) };
}

function reachGrafana(config: Config): void {
  const tunnel = grafanaTunnel(config, stackPrefix());
  if (!tunnel) return;
  // What asks Grafana after this program has ended has the language host for its parent, too.
  const why = openTunnel(tunnel, process.ppid);
  if (why) void pulumi.log.warn(`There is no tunnel to Grafana on ${tunnel.dockerHost}: ${why}`);
}
