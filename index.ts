import "./config/lazy-arborist";
import "./config/promise-traces";

import * as pulumi from "@pulumi/pulumi";

import { Backup } from "./components/backup";
import { Bot } from "./components/bot";
import { dockerProvider, stackContext } from "./components/context";
import { Database } from "./components/database";
import { Edge } from "./components/edge";
import { Migrations } from "./components/migrations";
import { Monitoring } from "./components/monitoring";
import { readGrafanaFiles } from "./components/monitoring/dashboards";
import { grafanaPassword } from "./components/monitoring/grafana";
import { readMonitoringFiles } from "./components/monitoring/files";
import { Networks } from "./components/networks";
import { SocketProxy } from "./components/socket-proxy";
import { tlsSettings } from "./components/tls";
import { Volumes } from "./components/volumes";
import { Webapp } from "./components/webapp";
import { edgeUrl, loadConfig } from "./config";
import { provideOnHost } from "./images/present";
import { headRevision } from "./images/revisions";

const config = loadConfig();
const context = stackContext(config);
const { domain } = config;
const images = { ...config.images, ...config.monitoringImages };
const baseUrl = edgeUrl(config);
/** The newest revision of the database's schema that this release knows. */
export const schemaRevision = headRevision();
if (!pulumi.runtime.isDryRun()) provideOnHost(Object.values(images), config.dockerHost);
const monitoringFiles = readMonitoringFiles();
const grafanaFiles = readGrafanaFiles();
const grafanaAddress = config.grafanaUrl ?? `http://localhost:${config.grafanaPort}`;
const onHost = { providers: [dockerProvider(config)] };

const volumeSet = new Volumes("volumes", { context, names: config.volumes }, onHost);
const networks = new Networks("networks", { context, range: config.networkRange }, onHost);

const database = new Database(
  "database",
  {
    context,
    image: images.postgres,
    name: config.databaseName,
    passwordVersion: config.databasePasswordVersion,
    firstPassword: config.databasePassword,
    volume: volumeSet.byName.postgres_data,
    network: networks.internal,
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
  },
  onHost,
);

const socketProxy = new SocketProxy(
  "socket-proxy",
  { context, image: images["socket-proxy"], network: networks.dockerApi },
  onHost,
);
new Edge(
  "edge",
  {
    context,
    image: images.traefik,
    httpPort: config.httpPort,
    tls: tlsSettings(config),
    certificates: volumeSet.byName.traefik_certs,
    network: networks.edge,
    dockerApi: { proxy: socketProxy, network: networks.dockerApi },
  },
  onHost,
);
new Webapp("webapp", { context, image: images.webapp, domain, network: networks.edge }, onHost);
new Bot(
  "bot",
  {
    context,
    image: images.bot,
    domain,
    token: config.botToken,
    jwtSecret: config.jwtSecret,
    webappUrl: config.webappUrl ?? baseUrl,
    photoCdnUrl: config.photoCdnUrl ?? `${baseUrl}/api/photos`,
    nsfwThreshold: config.nsfwThreshold,
    environment: config.botEnvironment,
    database,
    migrations,
    networks,
    photos: volumeSet.byName.photo_storage,
  },
  onHost,
);

new Backup(
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
    network: networks.internal,
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
      grafana: { files: grafanaFiles, port: config.grafanaPort, url: grafanaAddress, password },
      volumes: volumeSet.byName,
      telegram: config.alertChatId
        ? { chatId: config.alertChatId, token: config.alertBotToken, apiUrl: config.alertApiUrl }
        : undefined,
    },
    onHost,
  );
}

/** The edge's base URL, as reached from this machine. */
export const url = baseUrl;
/** Grafana's address, where the stack has it, and the password of its user `admin`. */
export const grafana = config.monitoringImages ? { url: grafanaAddress, password } : null;
/** Name of the Postgres container, for psql and backups. */
export const databaseContainer = database.container.name;
/** Real name of each volume. */
export const volumes = pulumi.output(
  Object.fromEntries(Object.entries(volumeSet.byName).map(([name, volume]) => [name, volume.name])),
);
export { images };
