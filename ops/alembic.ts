/*
 * Runs Alembic on a stack's database, with the revisions of this checkout:
 *   ops/alembic STACK current | history | upgrade head | downgrade -1
 */
import { spawnSync } from "node:child_process";

import { deployedResources } from "./deployment";

const [stack, ...command] = process.argv.slice(2);
if (!stack || command.length === 0) {
  console.error("usage: ops/alembic STACK COMMAND…, as in: ops/alembic dev current");
  process.exit(2);
}

// The deployed migration knows the image, the network and the database; only Alembic's own arguments differ.
const migration = deployedResources(stack).find(({ urn }) => urn.endsWith("::migrations-upgrade"));
if (!migration) {
  console.error(`Stack ${stack} has no database yet. Deploy it first: pulumi up --stack ${stack}`);
  process.exit(1);
}
const { status } = spawnSync("bash", ["hooks/alembic.sh", ...command], {
  input: String(migration.inputs.stdin),
  env: { ...process.env, ...(migration.inputs.environment as Record<string, string>) },
  stdio: ["pipe", "inherit", "inherit"],
});
process.exit(status ?? 1);
