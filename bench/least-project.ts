import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { projectRoot } from "../images/content";

/** Writes a project with one file, loaded as ours is, and returns its folder, which its owner alone can read. */
export function leastProject(name: string, program: string): string {
  const directory = mkdtempSync(join(tmpdir(), "dating-bench-"));
  const options = {
    compilerOptions: { module: "nodenext", target: "es2022", noCheck: true },
    "ts-node": { swc: true },
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(options));
  writeFileSync(join(directory, "package.json"), '{ "name": "least", "main": "index.ts" }');
  writeFileSync(join(directory, "Pulumi.yaml"), `name: ${name}\nruntime: nodejs\n`);
  writeFileSync(join(directory, "index.ts"), program);
  symlinkSync(join(projectRoot, "node_modules"), join(directory, "node_modules"));
  return directory;
}
