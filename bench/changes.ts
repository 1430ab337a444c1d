import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Project } from "../tests/engine/support/project";
import type { Peer } from "./peer";

/** A change of a release, made in a stack of ours and in its peer. Each call makes another release. */
export interface Change {
  /** What changes, as the results call it. */
  name: string;
  ours: (project: Project) => Promise<unknown> | void;
  theirs: (peer: Peer, project: Project) => void;
  /** Where the new release answers with its version, and what that version is. */
  served?: { path: string; version: (project: Project) => string };
}

let release = 0;

/** Every change that has to lose no request, but for the release that never gets healthy. */
export const changes: Change[] = [
  newImage("bot", "/version"),
  {
    name: "a changed bot setting",
    ours: (project) => project.stack.setConfig("dating:nsfwThreshold", { value: setting() }),
    theirs: (peer) => peer.edit("bot", (bot) => (bot.environment.NSFW_THRESHOLD = setting())),
  },
  newImage("webapp"),
  {
    name: "a changed route label",
    ours: (project) => {
      const file = join(project.directory, "components/edge/unavailable.ts");
      const before = readFileSync(file, "utf8");
      const after = before.replace(/"\/health"(, "\/healthy-\d+")?/, `"/health", "/healthy-${++release}"`);
      if (after === before) throw new Error(`${file} has no paths of the expected form`);
      writeFileSync(file, after);
    },
    theirs: (peer) =>
      peer.edit("bot", ({ labels }) => {
        const rule = Object.keys(labels).find((label) => label.endsWith(".rule"));
        const before = labels[rule!]!;
        const paths = `Path(\`/health\`) || Path(\`/healthy-${++release}\`)`;
        labels[rule!] = before.replace(/Path\(`\/health`\)( \|\| Path\(`\/healthy-\d+`\))?/, paths);
        if (labels[rule!] === before) throw new Error(`${before} is no rule of the expected form`);
      }),
  },
  {
    name: "a new memory limit",
    ours: (project) => project.configurePath("memory.bot", `${limit()} MiB`),
    theirs: (peer) =>
      peer.edit("bot", (bot) => {
        bot.mem_limit = bot.memswap_limit = `${limit()}m`;
      }),
  },
];

/** A release whose bot never gets healthy, and the good one after it. */
export const broken = {
  name: "a release that never gets healthy, and the good one after it",
  ours: (project: Project, fault: boolean) =>
    fault
      ? project.configurePath("botEnvironment.SAMPLE_BOT_FAULT", "unhealthy")
      : project.stack.removeConfig("dating:botEnvironment.SAMPLE_BOT_FAULT", true),
  theirs: (peer: Peer, fault: boolean) =>
    peer.edit("bot", ({ environment }) => {
      if (fault) environment.SAMPLE_BOT_FAULT = "unhealthy";
      else delete environment.SAMPLE_BOT_FAULT;
    }),
};

function newImage(service: string, path?: string): Change {
  const build = (project: Project) => {
    appendFileSync(join(project.directory, "images", service, "Dockerfile"), "\n# another release\n");
    project.run("./dating", ["images", "build", service]);
  };
  const image = (project: Project) =>
    project.run("./dating", ["images", "list"]).match(new RegExp(`\\S+/${service}:\\S+`))![0];
  return {
    name: `a new ${service} image`,
    ours: build,
    theirs: (peer, project) => {
      build(project);
      peer.edit(service, (found) => (found.image = image(project)));
    },
    served: path ? { path, version: (project) => image(project).split(":").at(-1)! } : undefined,
  };
}

const setting = () => `0.${100 + ++release}`;
const limit = () => 400 + (++release % 100);
