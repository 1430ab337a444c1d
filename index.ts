/** A stack, from its configuration to what people are served: each part is made of what the parts above it return. */
import * as pulumi from "@pulumi/pulumi";

import { loadConfig } from "./config";
import { headRevision } from "./images/revisions";
import { createApplication } from "./stack/application";
import { createBackup, createData } from "./stack/data";
import { createEntrance } from "./stack/entrance";
import { prepare } from "./stack/ground";
import { createMonitoring } from "./stack/monitoring";

const config = loadConfig();
/** The newest revision of the database's schema that this release knows. */
export const schemaRevision = headRevision();

const ground = prepare(config); // the Docker host, images, volumes, networks
const data = createData(ground); // Postgres, its schema
const entrance = createEntrance(ground); // Traefik
createApplication(ground, data, entrance); // the bot, the web app, services.yaml; green when people are served
const backup = createBackup(ground, data);
const monitoring = createMonitoring(ground, data, entrance);

/** The edge's base URL, as reached from this machine. */
export const url = ground.url;
/** Grafana's address, where the stack has it, and the password of its user `admin`. */
export const grafana = monitoring.grafana;
/** What was deployed of each dashboard, by its uid, for the next deploy. */
export const dashboards = monitoring.dashboards;
/** Name of the Postgres container, for psql and backups. */
export const databaseContainer = data.database.service.container;
/** Real name of each volume. */
export const volumes = pulumi.output(
  Object.fromEntries(Object.entries(ground.volumes).map(([name, volume]) => [name, volume.name])),
);
/** What the continuous backups are encrypted with; undefined where there are none. */
export const backupPassphrase = backup.passphrase;
/** The image of every service. */
export const images = ground.images;
