import { z } from "zod";

import { integer, key, list, map, text } from "./fields";

/** What can run a stack's services. */
export const orchestrators = ["host", "swarm"] as const;
export type OrchestratorName = (typeof orchestrators)[number];

/** The services that can have several tasks. */
export const replicated = ["bot", "webapp"] as const;

/** The keys of a stack on several hosts: docs/several-hosts.md. */
export const swarmKeys = {
  orchestrator: key(z.enum(orchestrators, "must be host or swarm").default("host"), {
    description:
      "What runs the services. `host`: containers of one Docker host. `swarm`: services of a Docker Swarm, whose manager `dockerHost` is; not everything works there yet ([several hosts](../several-hosts.md)).",
    example: "host",
  }),
  replicas: key(map(replicated, integer(1, 100)).default({}), {
    description:
      "How many tasks of the bot and of the web app run. Only with `orchestrator` swarm. Default: 1 of each.",
    example: "2",
  }),
  botCommand: key(list(text(/^[^\0]+$/, "must be a word of the command line")).default([]), {
    description:
      "The bot's whole command line, word by word: what its image has as entry point and command. Only with `orchestrator` swarm, and needed there, as a shell of the image reads the bot's secrets from a file first.",
    example: "python3",
    list: true,
  }),
};
