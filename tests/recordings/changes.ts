import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Project } from "../engine/support/project";

/** A change of a deployed stack whose preview is recorded. */
export interface Change {
  /** Configuration that differs from the deployed one; a value in a structured key as `memory.bot`. */
  config?: Record<string, string>;
  secrets?: Record<string, string>;
  /** Edits of the checkout: in this file, that text by this one. */
  edits?: [file: string, from: string, to: string][];
  /** New files of the checkout. */
  files?: Record<string, string>;
  /** The engine refuses it, and says this. */
  fails?: string;
}

const revision = `from alembic import op
revision = "004_add_likes_index"
down_revision = "003_add_user_settings"
branch_labels = None
depends_on = None
def upgrade():
    op.execute("select 1")
def downgrade():
    op.execute("select 1")
`;

const isProtected = "marked for protection";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** The kinds of change; each name is that of its recording. */
export const changes: Record<string, Change> = {
  unchanged: {},
  "bot image": { config: { "images.bot": `registry.example.com/dating/bot:1.1.0@${digest("a")}` } },
  "webapp image": { config: { "images.webapp": `registry.example.com/dating/webapp:2.0.0@${digest("b")}` } },
  "postgres image": { config: { "images.postgres": `postgres:15.9@${digest("c")}` } },
  "migration runner": { config: { "images.migrations": `registry.example.com/migrations:2@${digest("d")}` } },
  "edge port": { config: { httpPort: "18999" } },
  domain: { config: { domain: "other.example.com" } },
  "bot environment": { config: { "botEnvironment.FEATURE_LIKES": "on" } },
  "bot setting": { config: { nsfwThreshold: "0.5" } },
  "memory of the bot": { config: { "memory.bot": "768 MiB" } },
  "bot token": { secrets: { botToken: `${"2".repeat(9)}:${"other".repeat(8)}` } },
  "database password": { config: { databasePasswordVersion: "2" } },
  "new revision": { files: { "migrations/versions/004_add_likes_index.py": revision } },
  "edited migrations": { edits: [["migrations/alembic.ini", "[alembic]", "# Edited.\n[alembic]"]] },
  "data volume renamed": { fails: isProtected, config: { "volumes.postgres_data": "another_postgres_data" } },
  "data volume dropped": {
    fails: "because it is protected",
    // One that no container mounts without monitoring.
    edits: [["components/volumes.ts", "volumeNames.map", 'volumeNames.filter((v) => v !== "loki_data").map']],
  },
  "capability added": {
    edits: [
      [
        "components/webapp.ts",
        'rollout: "start-first"',
        'rollout: "start-first", capabilities: ["CAP_NET_RAW"]',
      ],
    ],
  },
  "root file system writable": {
    edits: [["components/webapp.ts", 'filesystem: "read-only"', 'filesystem: { writableBecause: "a test" }']],
  },
  "internal network opened": {
    edits: [["components/networks.ts", "internal: !outward.includes(name)", "internal: false"]],
  },
  "network joined": {
    edits: [
      [
        "index.ts",
        "network: networks.internal,\n  },\n  onHost,\n);\nconst",
        "network: networks.edge,\n  },\n  onHost,\n);\nconst",
      ],
    ],
  },
  "database port published": {
    edits: [
      [
        "components/database.ts",
        'rollout: "stop-first",',
        'rollout: "stop-first", ports: [{ container: 5432, host: 15999, reach: "everyone" }],',
      ],
    ],
  },
  "service removed": {
    edits: [["index.ts", "new Backup(", "if (process.env.NEVER) new Backup("]],
  },
  "edge command": { edits: [["components/edge.ts", "--log.level=INFO", "--log.level=DEBUG"]] },
  "health timeout": { config: { healthTimeout: "120" } },
  "several at once": {
    config: {
      "images.bot": `registry.example.com/dating/bot:1.1.0@${digest("a")}`,
      "images.postgres": `postgres:15.9@${digest("c")}`,
      databasePasswordVersion: "2",
      httpPort: "18999",
    },
    files: { "migrations/versions/004_add_likes_index.py": revision },
  },
};

/** Applies a change to a project's copy of the checkout and returns what takes the edits back. */
export function edit(project: Project, { edits = [], files = {} }: Change): () => void {
  const before = new Map<string, string>();
  for (const [name, from, to] of edits) {
    const file = join(project.directory, name);
    const text = readFileSync(file, "utf8");
    if (!text.includes(from)) throw new Error(`${name} has no ${JSON.stringify(from)}`);
    before.set(file, text);
    writeFileSync(file, text.replace(from, to));
  }
  const added = Object.entries(files).map(([name, text]) => {
    const file = join(project.directory, name);
    writeFileSync(file, text);
    return file;
  });
  return () => {
    for (const [file, text] of before) writeFileSync(file, text);
    for (const file of added) project.run("rm", [file]);
  };
}
