import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { projectName } from "../../config/project";
import { stateFolder } from "../stack/local-state";

/** Whether a file has JSON in it: one whose writer died may be empty or end in the middle. */
function whole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const filesIn = (folder: string) =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];

/**
 * Mends the files of a stack in a local backend, as a killed engine or a host that lost its power leaves them.
 *
 * Pulumi replaces the state in one step and keeps the one before it as `.bak`. The checksum beside each file (`.attrs`)
 * is written in place: an engine killed at that moment leaves it empty, and then no command reads the state ("failed to
 * load checkpoint: EOF"), although that is whole. Nothing needs the checksums.
 *
 * @returns what was done, a sentence each
 * @throws Error when neither the state nor the one before it can be read
 */
export function mendState(stack: string, backend?: string): string[] {
  const folder = stateFolder(backend);
  if (!folder) return [];
  const state = join(folder, `.pulumi/stacks/${projectName}`, `${stack}.json`);
  const [before, broken] = [`${state}.bak`, `${state}.broken`];
  const locks = join(folder, `.pulumi/locks/organization/${projectName}`, stack);

  const spare = [`${state}.attrs`, `${before}.attrs`, ...filesIn(locks)];
  const cut = spare.filter((file) => existsSync(file) && !whole(file));
  for (const file of cut) rmSync(file);
  const said = cut.map((file) => `Removed a file that was not written to its end: ${file}`);

  if (existsSync(state) && !whole(state)) {
    if (!existsSync(before) || !whole(before))
      throw new Error(
        `neither the state ${state} nor the one before it, ${before}, can be read. Copy a whole one there: from a backup ` +
          `of the folder, or the newest .checkpoint.json of ${join(folder, `.pulumi/history/${projectName}`, stack)}`,
      );
    renameSync(state, broken);
    copyFileSync(before, state);
    said.push(
      `The state was not written to its end: took the one before it, and kept the broken one as ${broken}`,
    );
  }
  return said;
}
