import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import {
  ownCompanions,
  ownServers,
  ownService,
  type Job,
  type OwnServiceName,
  type Period,
  type Server,
  type Worker,
} from "../config/own-services";
import type { VolumeName } from "../config/volumes";
import type { BotProgram } from "./bot";
import type { StackContext } from "./context";
import type { HealthCheck } from "./health-check";
import type { Networks } from "./networks";
import { Workload } from "./workload";

export interface OwnServersArgs {
  context: StackContext;
  /** Their images, by the names of their services. */
  images: Record<OwnServiceName, string>;
  networks: Networks;
  volumes: Record<VolumeName, docker.Volume>;
}

/** The servers of one's own, which the bot may need: what depends on `ready` finds them healthy. */
export class OwnServers extends pulumi.ComponentResource {
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: OwnServersArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:OwnServers", name, {}, opts);
    this.ready = ownServers.flatMap((service) => createServer(this, service, args).ready);
    this.registerOutputs();
  }
}

function createServer(
  parent: OwnServers,
  service: OwnServiceName,
  { context, images, networks, volumes }: OwnServersArgs,
): Workload {
  const { command, data, environment, health, user, writable = [] } = ownService(service) as Server;
  const volume = (volumes as Record<string, docker.Volume>)[`${service as string}_data`];
  return new Workload(
    service,
    {
      ...{ context, service, command, environment, user },
      image: images[service],
      volumes: data && volume ? [{ volume, path: data }] : [],
      networks: [{ network: networks.internal, aliases: [service] }],
      health: { command: health },
      memory: context.memory(service),
      filesystem: "read-only",
      temporary: ["/tmp", ...writable],
      rollout: "stop-first",
    },
    { parent },
  );
}

export interface OwnProgramsArgs {
  context: StackContext;
  /** What of the bot they have, too. */
  program: BotProgram;
  /** What has to be there before they start. */
  after: pulumi.Resource[];
}

/** The workers and jobs of one's own, which run the bot's image. Only one container of each runs at any time. */
export class OwnPrograms extends pulumi.ComponentResource {
  constructor(name: string, args: OwnProgramsArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:OwnPrograms", name, {}, opts);
    for (const service of ownCompanions) createProgram(this, service, args);
    this.registerOutputs();
  }
}

function createProgram(
  parent: OwnPrograms,
  service: OwnServiceName,
  { context, program, after }: OwnProgramsArgs,
): Workload {
  return new Workload(
    service,
    {
      ...{ context, service, ...program, ...runOf(ownService(service) as Worker | Job) },
      memory: context.memory(service),
      filesystem: "read-only",
      rollout: "stop-first",
    },
    { parent, dependsOn: after },
  );
}

interface Run {
  entrypoint?: string[];
  command: string[];
  health: HealthCheck;
}

function runOf(service: Worker | Job): Run {
  if (service.kind === "worker") return { command: service.command, health: { command: service.health } };
  return {
    entrypoint: ["sh", "-c", clock(service)],
    command: ["job", ...service.command],
    health: { command: `test ! -e ${failed}` },
  };
}

/** Says that the last run has failed. */
const failed = "/tmp/failed";

/** Runs a program by the clock: the time of a run does not move with the time that a run takes, nor with a deploy. */
function clock({ every, at = "00:00" }: Job): string {
  const period = secondsOf(every);
  const [hours = 0, minutes = 0] = at.split(":").map(Number);
  const offset = (hours * 3600 + minutes * 60) % period;
  return `
trap 'kill "$child" 2>/dev/null; wait; exit 0' TERM INT
while :; do
  now=$(date +%s)
  sleep $((${period} - (now - ${offset}) % ${period})) & child=$!
  wait "$child"
  "$@" & child=$!
  if wait "$child"; then rm -f ${failed}; else echo "exit code $?" >&2; : >${failed}; fi
done`;
}

function secondsOf(period: Period): number {
  const [count, unit] = period.split(" ") as [string, string];
  return (
    Number(count) *
    { minute: 60, hour: 3600, day: 86_400 }[unit.replace(/s$/, "") as "minute" | "hour" | "day"]
  );
}
