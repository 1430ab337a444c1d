import { Bot } from "../components/bot";
import { Certificates } from "../components/edge/certificates";
import { OwnPrograms, OwnServers } from "../components/own-services";
import { RoutesServed } from "../components/routes-served";
import { Webapp } from "../components/webapp";
import { ownCompanions, ownServers } from "../config/own-services";
import type { Data } from "./data";
import type { Entrance } from "./entrance";
import type { Ground } from "./ground";

/** The services of the application: the bot, the web app, and those of one's own. A deploy is green when people are served. */
export function createApplication(ground: Ground, data: Data, { edge, tls }: Entrance): void {
  const { context, images, networks, volumes, onHost } = ground;
  const webapp = new Webapp("webapp", { context, image: images.webapp, edge }, onHost);
  const servers =
    ownServers.length > 0
      ? new OwnServers("own-servers", { context, images, networks, volumes }, onHost).ready
      : [];
  const bot = createBot(ground, data, edge, servers);
  if (ownCompanions.length > 0) {
    const after = [data.database.ready, data.migrations.applied, ...servers];
    new OwnPrograms("own-programs", { context, program: bot.program, after }, onHost);
  }
  if (tls) {
    const releases = [webapp.service, bot.service];
    new Certificates("certificates", { context, tls, edge: edge.service, releases }, onHost);
  }
  new RoutesServed("routes-served", { context, edge, services: [bot.service, webapp.service] }, onHost);
}

function createBot(ground: Ground, data: Data, edge: Entrance["edge"], servers: OwnServers["ready"]): Bot {
  const { config, context, images, networks, volumes, url, onHost } = ground;
  return new Bot(
    "bot",
    {
      ...{ context, networks, edge, servers, ...data },
      image: images.bot,
      command: config.botCommand.length > 0 ? config.botCommand : undefined,
      token: config.botToken,
      jwtSecret: config.jwtSecret,
      webappUrl: config.webappUrl ?? url,
      photoCdnUrl: config.photoCdnUrl ?? `${url}/api/photos`,
      nsfwThreshold: config.nsfwThreshold,
      environment: config.botEnvironment,
      secrets: config.botSecrets,
      rollout: config.botRollout,
      healthCommand: config.botHealthCommand,
      writable: config.botWritable,
      photos: volumes.photo_storage,
    },
    onHost,
  );
}
