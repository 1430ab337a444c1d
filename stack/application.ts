import { Bot } from "../components/bot";
import { Certificates } from "../components/edge/certificates";
import { OwnPrograms } from "../components/own-services/programs";
import { OwnServers } from "../components/own-services/servers";
import { RoutesServed } from "../components/edge/routes-served";
import { Webapp } from "../components/webapp";
import { hasMiniApp, ownPrograms, ownServers } from "../config/own-services";
import type { Data } from "./data";
import type { Entrance } from "./entrance";
import type { Ground } from "./ground";

/**
 * The services of the application: the bot and the web app, where it is the Dating Mini App, and those of services.yaml. The
 * deploy goes on when people are served by what was deployed.
 */
export function createApplication(ground: Ground, data: Data, { edge, tls }: Entrance): void {
  const { context, images, onHost } = ground;
  const webapp = hasMiniApp
    ? new Webapp("webapp", { context, image: images.webapp, edge }, onHost)
    : undefined;
  const servers = createServers(ground, data, edge);
  const bot = hasMiniApp ? createBot(ground, data, edge, servers?.ready ?? []) : undefined;
  if (ownPrograms.length > 0)
    new OwnPrograms(
      "own-programs",
      {
        ...{ context, bot: bot?.program, servers: servers?.programs ?? {} },
        after: [data.database.ready, data.migrations.applied, ...(servers?.ready ?? [])],
      },
      onHost,
    );
  const served = servers?.served ?? [];
  if (tls) {
    const releases = [webapp?.service, bot?.service, ...served].filter((service) => service !== undefined);
    new Certificates("certificates", { context, tls, edge: edge.service, releases }, onHost);
  }
  const services = [bot?.service, webapp?.service, ...served].filter((service) => service !== undefined);
  new RoutesServed("routes-served", { context, edge, services }, onHost);
}

function createServers(ground: Ground, data: Data, edge: Entrance["edge"]): OwnServers | undefined {
  if (ownServers.length === 0) return undefined;
  const { config, context, images, networks, volumes, onHost } = ground;
  const args = { ...data, context, images, secrets: config.serviceSecrets, edge, networks, volumes };
  return new OwnServers("own-servers", args, onHost);
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
