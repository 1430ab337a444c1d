import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Project } from "./project";

/** Where a revision of the project's copy is. */
export function revisionFile(project: Project, name: string): string {
  return join(project.directory, "migrations/versions", `${name}.py`);
}

/** Writes a revision that runs a statement, or Python where it is called for. */
export function writeRevision(
  project: Project,
  name: string,
  down: string,
  upgrade: string | { python: string; imports: string },
): void {
  const { python, imports } =
    typeof upgrade === "string"
      ? { python: `op.execute(${JSON.stringify(upgrade)})`, imports: "from alembic import op" }
      : upgrade;
  writeFileSync(
    revisionFile(project, name),
    `${imports}
revision = ${JSON.stringify(name)}
down_revision = ${JSON.stringify(down)}
branch_labels = depends_on = None
def upgrade():
    ${python}
def downgrade():
    pass
`,
  );
}
