import type * as pulumi from "@pulumi/pulumi";

import { Monitoring } from "../components/monitoring";
import { fingerprintsOf } from "../components/monitoring/grafana/edited-dashboards";
import { grafanaPassword } from "../components/monitoring/grafana";
import type { Data } from "./data";
import type { Entrance } from "./entrance";
import type { Ground } from "./ground";

/** What the next deploy and people need to know of the monitoring; null where the stack has none. */
export interface MonitoringOutputs {
  /** Grafana's address, and the password of its user `admin`. */
  grafana: { url: string; password: pulumi.Output<string> } | null;
  /** What was deployed of each dashboard, by its uid. */
  dashboards: ReturnType<typeof fingerprintsOf> | null;
}

/** Prometheus, Loki, Grafana and what they measure with, where the stack has `monitoring`. */
export function createMonitoring(ground: Ground, data: Data, entrance: Entrance): MonitoringOutputs {
  const { config, context, networks, volumes, onHost } = ground;
  const { files, grafanaFiles, url } = ground.monitoring;
  const password = grafanaPassword();
  if (!config.monitoringImages) return { grafana: null, dashboards: null };
  const { tls, socketProxy } = entrance;
  new Monitoring(
    "monitoring",
    {
      ...{ context, database: data.database, networks, socketProxy, files, volumes },
      images: config.monitoringImages,
      logCollector: config.logCollector,
      verifies: config.backupVerify !== undefined,
      certifiedHosts: tls?.source.kind === "acme" ? tls.hosts : [],
      lokiTsdbFrom: config.lokiTsdbFrom,
      grafana: { files: grafanaFiles, port: config.grafanaPort, url, password },
      telegram: config.alertChatId
        ? { chatId: config.alertChatId, token: config.alertBotToken, apiUrl: config.alertApiUrl }
        : undefined,
      heartbeatUrl: config.heartbeatUrl,
    },
    onHost,
  );
  return { grafana: { url, password }, dashboards: fingerprintsOf(grafanaFiles.dashboards) };
}
