import { commandLines, documents } from "./documents";

const inSoak = "soak/pages/documents.test.ts";
const here = "soak/pages/here.test.ts";

/** The tests that type the commands of each document as they stand there, in their order. */
export const typedBy: Readonly<Record<string, string[]>> = {
  "docs/your-own-app.md": ["soak/services/your-own-app.test.ts"],
  "README.md": ["soak/pages/readme.test.ts", here],
  "docs/hosts.md": [here],
  "docs/monitoring.md": [here],
  "offline/README.md": [here],
  ...Object.fromEntries(
    [
      ...[
        "docs/backups.md",
        "docs/reference/configuration.md",
        "docs/database.md",
        "docs/deploys.md",
        "docs/edge.md",
      ],
      ...["docs/own-services.md", "docs/state-and-secrets.md"],
    ].map((document) => [document, [inSoak]]),
  ),
};

/** A command line that no test types. */
export interface Untyped {
  document: string;
  line: string;
  because: string;
}

/** Every line of a document. */
const allOf = (document: string, because: string): Untyped[] =>
  commandLines(document).map((line) => ({ document, line, because }));

/** All of them. */
export const untyped: readonly Untyped[] = [
  {
    document: "README.md",
    line: "make test    # types, lint, unit tests, and tests on the real engine and a real Docker Engine",
    because: "it is what runs the test that would type it",
  },
  ...[
    "docker exec $(of backup) cat /backups/pre-migration/NAME.dump | docker exec --interactive $(of postgres) pg_restore --username postgres --dbname dating --clean --if-exists --single-transaction",
    "docker exec $(of backup) ls /backups/pre-migration",
  ].map((line) => ({
    ...{ document: "docs/database.md", line },
    because:
      "it needs a migration of a database with tables, which engine/data/migrations.test.ts makes, and restores its dump like that",
  })),
  {
    document: "docs/your-own-app.md",
    line: "./dating init prod --domain guestbook.example.com",
    because: "it needs a server of its own: soak/pages/readme.test.ts makes one as the README says",
  },
  ...allOf(
    "docs/adoption.md",
    "engine/data/adoption.test.ts calls these commands for a deployment by Docker Compose, with a stack and a project of its own",
  ),
  ...allOf(
    "docs/continuous-backups.md",
    "a container on the tests' machine does not find the buckets, whose names only that host knows: engine/data/continuous-backups.test.ts calls these commands for a volume and for SFTP, whose fingerprint it gets by the page's line",
  ),
  ...allOf(
    "docs/several-hosts.md",
    "they need two hosts: engine/hosts/swarm.test.ts makes a swarm of one host of its own, soak/hosts/swarm.test.ts one of three, whose addresses and nodes have other names",
  ),
  ...allOf(
    "docs/pipelines.md",
    "it needs ten names that resolve to one host: soak/hosts/environments.test.ts makes such environments behind an edge of a stack of its own",
  ),
  ...allOf(
    "docs/reference/commands.md",
    "a list of all commands, not to be typed in its order: unit/house/documents.test.ts holds each line against the command's options",
  ),
];

/**
 * The command lines of a document that a test has to type.
 *
 * @param under only those under this heading
 */
export function linesToType(document: string, under?: string): string[] {
  const left = untyped.filter((each) => each.document === document).map(({ line }) => line);
  return commandLines(document, under).filter((line) => !left.includes(line));
}

/** The documents that have command lines. */
export const withCommands = documents.filter((document) => commandLines(document).length > 0);
