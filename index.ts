import * as pulumi from "@pulumi/pulumi";

import { Backup } from "./components/backup";
import { continuousBackups } from "./components/backup/continuous";
import { Bot } from "./components/bot";
import { dockerProvider, stackContext, stackPrefix } from "./components/context";
import { Database } from "./components/database";
import { Edge } from "./components/edge";
import { Certificates } from "./components/edge/certificates";
import { frontOf } from "./components/edge/front";
import { redirectedHosts } from "./components/edge/hosts";
import { edgeLimits } from "./components/edge/limits";
import { Migrations } from "./components/migrations";
import { Monitoring } from "./components/monitoring";
import { readGrafanaFiles } from "./components/monitoring/dashboards";
import { fingerprintsOf } from "./components/monitoring/edited-dashboards";
import { grafanaPassword } from "./components/monitoring/grafana";
import { readMonitoringFiles } from "./components/monitoring/files";
import { Networks } from "./components/networks";
import { OwnPrograms, OwnServers } from "./components/own-services";
import { RoutesServed } from "./components/routes-served";
import { SocketProxy } from "./components/socket-proxy";
import { tlsSettings } from "./components/tls";
import { Volumes, volumeName } from "./components/volumes";
import { Webapp } from "./components/webapp";
import { containers } from "./components/workload/container";
import { edgeUrl, loadConfig } from "./config";
import { ownCompanions, ownServers } from "./config/own-services";
import { requireIpv6 } from "./host/ipv6";
import { lookAtHost } from "./host/look";
import { grafanaAddress, grafanaTunnel, openTunnel } from "./host/tunnel";
import { requireReadableLogs, schemaLabel } from "./images/log-schema";
import { requireFittingPostgres } from "./images/postgres";
import { provideOnHost } from "./images/present";
import { headRevision } from "./images/revisions";

const config = loadConfig();
const images = { ...config.images, ...config.monitoringImages };
const baseUrl = edgeUrl(config);
/** The newest revision of the database's schema that this release knows. */
export const schemaRevision = headRevision();
const host = lookAtHost(config, stackPrefix(), Object.values(images));
const context = stackContext(config, containers, host.engine);
if (!pulumi.runtime.isDryRun()) provideOnHost(host.missingImages, config.dockerHost);
if (config.ipv6 && !pulumi.runtime.isDryRun()) requireIpv6(host.ipv6, images.postgres, config.dockerHost);
// In a preview without an answer, nobody could say.
if (host.engine) {
  requireFittingPostgres({
    ...{ stack: pulumi.getStack(), image: images.postgres, dockerHost: config.dockerHost },
    mustAnswer: !pulumi.runtime.isDryRun(),
    settings: config.postgresSettings,
    extensions: config.databaseExtensions,
    running: host.running("postgres"),
    volume: host.existing(volumeName("postgres_data", context, config.volumes)),
  });
  if (config.monitoringImages) {
    requireReadableLogs({
      ...{ stack: pulumi.getStack(), image: images.postgres, dockerHost: config.dockerHost },
      mustAnswer: !pulumi.runtime.isDryRun(),
      running: host.labelOf("loki", schemaLabel),
      volume: host.existing(volumeName("loki_data", context, config.volumes)),
      tsdbFrom: config.lokiTsdbFrom,
    });
  }
}
const monitoringFiles = readMonitoringFiles();
const grafanaFiles = readGrafanaFiles({ database: config.databaseName });
const grafanaUrl = grafanaAddress(config, stackPrefix());
const tunnel = grafanaTunnel(config, stackPrefix());
if (tunnel && host.engine) {
  // What asks Grafana after this program has ended has the language host for its parent, too.
  const why = openTunnel(tunnel, process.ppid);
  if (why) void pulumi.log.warn(`There is no tunnel to Grafana on ${tunnel.dockerHost}: ${why}`);
}
const onHost = { providers: [dockerProvider(config)] };

const volumeSet = new Volumes("volumes", { context, names: config.volumes }, onHost);
const networks = new Networks(
  "networks",
  {
    context,
    monitoring: config.monitoringImages !== undefined,
    previews: config.previewDomain !== undefined,
    range: config.networkRange,
  },
  onHost,
);

const database = new Database(
  "database",
  {
    context,
    image: images.postgres,
    settings: config.postgresSettings,
    extensions: config.databaseExtensions,
    name: config.databaseName,
    passwordVersion: config.databasePasswordVersion,
    firstPassword: config.databasePassword,
    volume: volumeSet.byName.postgres_data,
    network: networks.internal,
    walLimit: config.backupRepositories.length > 0 ? config.backupWalLimit : undefined,
  },
  onHost,
);
const migrations = new Migrations(
  "migrations",
  {
    context,
    image: images.migrations,
    database,
    backups: volumeSet.byName.backup_data,
    keep: config.preMigrationKeep,
    keepDays: config.preMigrationKeepDays,
    timeout: `${config.migrationTimeout} seconds`,
  },
  onHost,
);

const socketProxy = new SocketProxy(
  "socket-proxy",
  { context, image: images["socket-proxy"], socket: config.dockerSocket, network: networks.dockerApi },
  onHost,
);
const tls = tlsSettings(config);
const edge = new Edge(
  "edge",
  {
    context,
    image: images.traefik,
    httpPort: config.httpPort,
    redirected: redirectedHosts(config),
    url: baseUrl,
    limits: edgeLimits(config),
    tls,
    certificates: volumeSet.byName.traefik_certs,
    networks,
    socketProxy,
    front: frontOf(config),
  },
  onHost,
);
const webapp = new Webapp("webapp", { context, image: images.webapp, edge }, onHost);
const servers =
  ownServers.length > 0
    ? new OwnServers("own-servers", { context, images, networks, volumes: volumeSet.byName }, onHost).ready
    : [];
const bot = new Bot(
  "bot",
  {
    context,
    image: images.bot,
    token: config.botToken,
    jwtSecret: config.jwtSecret,
    webappUrl: config.webappUrl ?? baseUrl,
    photoCdnUrl: config.photoCdnUrl ?? `${baseUrl}/api/photos`,
    nsfwThreshold: config.nsfwThreshold,
    environment: config.botEnvironment,
    secrets: config.botSecrets,
    rollout: config.botRollout,
    healthCommand: config.botHealthCommand,
    writable: config.botWritable,
    database,
    migrations,
    networks,
    edge,
    photos: volumeSet.byName.photo_storage,
    servers,
  },
  onHost,
);
if (ownCompanions.length > 0) {
  const after = [database.ready, migrations.applied, ...servers];
  new OwnPrograms("own-programs", { context, program: bot.program, after }, onHost);
}
if (tls) {
  const releases = [webapp.service, bot.service];
  new Certificates("certificates", { context, tls, edge: edge.service, releases }, onHost);
}

new RoutesServed("routes-served", { context, edge, services: [bot.service, webapp.service] }, onHost);

const backup = new Backup(
  "backup",
  {
    context,
    image: images.backup,
    schedule: config.backupSchedule,
    keep: config.backupKeep,
    keepDays: config.backupKeepDays,
    database,
    migrations,
    volume: volumeSet.byName.backup_data,
    networks,
    continuous: continuousBackups(config),
  },
  onHost,
);

const password = grafanaPassword();
if (config.monitoringImages) {
  new Monitoring(
    "monitoring",
    {
      ...{ context, database, networks, socketProxy },
      images: config.monitoringImages,
      files: monitoringFiles,
      logCollector: config.logCollector,
      certifiedHosts: tls?.source.kind === "acme" ? tls.hosts : [],
      lokiTsdbFrom: config.lokiTsdbFrom,
      grafana: { files: grafanaFiles, port: config.grafanaPort, url: grafanaUrl, password },
      volumes: volumeSet.byName,
      telegram: config.alertChatId
        ? { chatId: config.alertChatId, token: config.alertBotToken, apiUrl: config.alertApiUrl }
        : undefined,
      heartbeatUrl: config.heartbeatUrl,
    },
    onHost,
  );
}

/** The edge's base URL, as reached from this machine. */
export const url = baseUrl;
/** Grafana's address, where the stack has it, and the password of its user `admin`. */
export const grafana = config.monitoringImages ? { url: grafanaUrl, password } : null;
/** What was deployed of each dashboard, by its uid, for the next deploy. */
export const dashboards = config.monitoringImages ? fingerprintsOf(grafanaFiles.dashboards) : null;
/** Name of the Postgres container, for psql and backups. */
export const databaseContainer = database.service.container;
/** Real name of each volume. */
export const volumes = pulumi.output(
  Object.fromEntries(Object.entries(volumeSet.byName).map(([name, volume]) => [name, volume.name])),
);
/** What the continuous backups are encrypted with; undefined where there are none. */
export const backupPassphrase = backup.passphrase;
export { images };
