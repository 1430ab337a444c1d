import { spawnSync } from "node:child_process";

import { program } from "commander";

import { guarded } from "./guarded";
import { deployedResources } from "./deployment";

program
  .name("ops/alembic")
  .description("Runs Alembic on a stack's database, with the revisions of this checkout.")
  .argument("<stack>")
  .argument("<command...>", "Alembic's own: current | history | upgrade head | downgrade -1 | …")
  // Alembic's options are Alembic's, as the -1 of a downgrade.
  .passThroughOptions()
  .allowUnknownOption()
  .parse();
const [stack, command] = program.processedArgs as [string, string[]];

// The deployed migration knows the image, the network and the database; only Alembic's own arguments differ.
const migration = deployedResources(stack).find(({ urn }) => urn.endsWith("::migrations-upgrade"));
if (!migration) {
  console.error(`Stack ${stack} has no database yet. Deploy it first: pulumi up --stack ${stack}`);
  process.exit(1);
}
const { status } = spawnSync(process.execPath, guarded("hooks/alembic.sh", ...command), {
  input: String(migration.inputs.stdin),
  env: { ...process.env, ...(migration.inputs.environment as Record<string, string>) },
  stdio: ["pipe", "inherit", "inherit"],
});
process.exit(status ?? 1);
