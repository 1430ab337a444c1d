import { z } from "zod";

import type { Size } from "../units";

/*
 * What an entry of services.yaml may be. Each field has an example, which is the edit that mends a wrong or a missing one.
 * Messages finish the sentence "services.NAME.FIELD …".
 */

const field = <T extends z.ZodType>(type: T, example: string): T => type.meta({ example });

const shell = (what: string) => z.string(`must be ${what}`).min(1, `must be ${what}`);
const words = z
  .array(z.string("must be text"), "must be a list of words, the program first")
  .min(1, "must have at least the program");
const folder = z.string().regex(/^(\/[A-Za-z0-9._-]+)+$/, "must be an absolute path");
/** The name of an environment variable. */
export const variableName = /^[A-Z][A-Z0-9_]*$/;
const variable = z.string().regex(variableName, "must be the name of an environment variable");
const value = z
  .union([z.string(), z.number(), z.boolean()], "must be text, a number or true or false")
  .transform(String)
  .refine((text) => !text.includes("\0"), "must be text without a zero byte");
const path = z
  .string()
  .regex(
    /^\/([A-Za-z0-9._~-]+\/?)*$/,
    "must be a path, as in /feed for that path alone, or /feed/ for all below it",
  );

const memory = field(
  z
    .string('must be a whole number with its unit, as in "128 MiB"')
    .regex(/^[1-9]\d{0,6} (MiB|GiB)$/, 'must be a whole number with its unit, as in "128 MiB"')
    .refine((size) => !/^[1-5] MiB$/.test(size), "must be at least 6 MiB")
    .transform((size) => size as Size),
  "memory: 128 MiB",
);

/** Time between two runs of a job: what goes into a day without a rest, or days. */
const periods = /^(1 hour|([23468]|12) hours|(5|10|15|20|30) minutes|1 day|7 days)$/;
export type Period = `${number} ${"minutes" | "hour" | "hours" | "day" | "days"}`;

/** How the edge leads people to a server. */
const route = z.strictObject(
  {
    /** The port that it listens on. */
    port: field(z.int("must be a port").min(1, "must be a port").max(65_535, "must be a port"), "port: 8080"),
    /** Its paths: `/feed` is that one alone, `/feed/` all below it, `/` all that are nobody else's. */
    paths: field(
      z.array(path, "must be a list of paths").min(1, "must have at least one path"),
      'paths: ["/"]',
    ),
    /** One of its paths, that every release answers with 200. A deploy ends when the edge answers it, too. */
    probe: field(path, "probe: /health"),
    /** The content type of that answer. */
    answers: field(
      z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/, "must be a content type, as in text/html"),
      "answers: text/html",
    ),
    /** One of its paths whose answer tells one release from another. @default there is none */
    version: field(path, "version: /version").optional(),
  },
  "must have port, paths, probe and answers",
);

/** A server of one's own, with an image of its own. Its name is where the other services reach it. */
export const serverType = z.strictObject({
  kind: z.literal("server"),
  /** @default the image's own */
  command: field(words, 'command: ["python3", "-m", "web"]').optional(),
  /** Shell command that exits with 0 when it answers. */
  health: field(shell("a shell command"), "health: curl --fail --silent http://127.0.0.1:8080/health"),
  /** How people reach it. @default only the other services reach it */
  route: field(route, 'route: { port: 8080, paths: ["/"], probe: /health, answers: text/html }').optional(),
  /** Whether it has the application's database, as DATABASE_URL. @default false */
  database: field(z.boolean("must be true or false"), "database: true").optional(),
  /** Whether it reaches the internet; a server with a route does. @default false */
  internet: field(z.boolean("must be true or false"), "internet: true").optional(),
  environment: field(
    z.record(
      z.string().regex(variableName, "must be the name of an environment variable"),
      value,
      "must be a set of names and values",
    ),
    "environment: { NAME: value }",
  ).optional(),
  /** Which of `serviceSecrets` it has as environment variables. */
  secrets: field(z.array(variable, "must be a list of names"), "secrets: [SESSION_KEY]").optional(),
  /** The folder with its data, for which it gets the volume `NAME_data`. @default it keeps nothing */
  data: field(folder, "data: /data").optional(),
  /** Number of the user and the group that it runs as, where the image's own is root. */
  user: field(
    z
      .string('must be two numbers, as in "999:999"')
      .regex(/^\d+:\d+$/, 'must be two numbers, as in "999:999"'),
    'user: "999:999"',
  ).optional(),
  /** Folders that it may write, in memory. @default only `/tmp` */
  writable: field(z.array(folder, "must be a list of folders"), "writable: [/var/cache/web]").optional(),
  memory,
});

const of = field(z.string("must be the name of a server").min(1), "of: web").optional();
const command = field(words, 'command: ["python3", "-m", "worker"]');

/** A second program of a server's image, or of the bot's, with all that it has. */
export const workerType = z.strictObject({
  kind: z.literal("worker"),
  /** Whose image, variables, secrets, database and networks it has. @default the bot */
  of,
  command,
  /** Shell command that exits with 0 as long as it works. */
  health: field(shell("a shell command"), "health: test -e /tmp/alive"),
  memory,
});

/**
 * A program that runs by the clock and ends. While a run is under way, no other one begins. The service is unhealthy from a run
 * that fails to the next one that does not.
 */
export const jobType = z.strictObject({
  kind: z.literal("job"),
  of,
  command,
  every: field(
    z
      .string()
      .regex(periods, "must be 5, 10, 15, 20 or 30 minutes, 1, 2, 3, 4, 6, 8 or 12 hours, 1 day or 7 days")
      .transform((text) => text as Period),
    "every: 1 day",
  ),
  /** Time of day of one of the runs, in UTC. @default "00:00" */
  at: field(
    z
      .string('must be a time of day, as in "04:30"')
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, as in "04:30"'),
    'at: "04:30"',
  ).optional(),
  memory,
});

export const types = { server: serverType, worker: workerType, job: jobType } as const;
export type Kind = keyof typeof types;
export type Server = z.output<typeof serverType>;
export type Worker = z.output<typeof workerType>;
export type Job = z.output<typeof jobType>;
export type OwnService = Server | Worker | Job;
export type Route = z.output<typeof route>;
