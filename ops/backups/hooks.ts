import { execFileSync, spawnSync } from "node:child_process";

import { projectRoot } from "../../images/content";
import { guarded } from "../guarded";
import { BackupError } from "./archives/manifest";
import { awaitHealthy } from "./services";
import type { Target } from "./target";

/** What is done to a stack by the hooks that also deploy it. */
export interface StackHooks {
  /**
   * Runs the stack's own migration on a database of its server, which does nothing where the schema is the stack's.
   *
   * @throws BackupError where it fails
   */
  migrate(database: string): void;
  /** Gives the database's roles the stack's passwords. */
  provisionRoles(): void;
  /** Waits for a container's health. @throws Error where it does not get healthy */
  awaitHealthy(container: string): void;
}

/** The hooks of a deployed stack. */
export function hooksOf({ docker, migration, roles }: Target): StackHooks {
  return {
    migrate(database) {
      const { status } = spawnSync(process.execPath, guarded("hooks/alembic.sh", "upgrade", "head"), {
        input: migration.password,
        env: { ...docker.environment, ...migration.environment, PGDATABASE: database },
        stdio: ["pipe", "inherit", "inherit"],
      });
      if (status !== 0) throw new BackupError(`The database ${database} could not be migrated.`);
    },
    provisionRoles() {
      for (const { create, stdin, environment } of roles) {
        execFileSync("bash", ["-c", create], {
          cwd: projectRoot,
          input: stdin,
          env: { ...docker.environment, ...environment },
          stdio: ["pipe", "inherit", "inherit"],
        });
      }
    },
    awaitHealthy: (container) => awaitHealthy(docker, container),
  };
}
