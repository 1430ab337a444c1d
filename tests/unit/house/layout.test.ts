import { execFileSync, spawnSync } from "node:child_process";
import { dirname } from "node:path";

import { projectRoot } from "../../../images/content";

/** Files of the checkout with their mode, without what the present work has taken away. */
const files = execFileSync("git", ["ls-files", "--stage"], { cwd: projectRoot, encoding: "utf8" })
  .trim()
  .split("\n")
  .map((line) => ({ executable: line.startsWith("100755"), path: line.slice(line.indexOf("\t") + 1) }));
const executables = (folder: string) =>
  files.filter(({ executable, path }) => executable && path.startsWith(folder)).map(({ path }) => path);

test("ops/ keeps no executable: operators have ./dating, pipelines ci/, and setup/ prepares a machine", () => {
  expect(executables("ops/")).toEqual([]);
  expect(executables("dating")).toEqual(["dating"]);
});

test("all that pipelines call, and all that prepares a machine, can be called", () => {
  const inFolders = files.filter(({ path }) => /^(ci|setup)\/[^/.]+$/.test(path)).map(({ path }) => path);
  expect(inFolders.length).toBeGreaterThan(8);
  expect([...executables("ci/"), ...executables("setup/")]).toEqual(expect.arrayContaining(inFolders));
});

test("no former name of a command is left", () => {
  const former =
    "(^|[^A-Za-z0-9./-])(\\./)?ops/(adopt|alembic|apt-install|backup|comment|doctor|down|drift|drift-issue|env|environment|" +
    "environment-version|grafana|images|lock-images|node|packages|pipeline|preview|promote|propose|purge|recover|" +
    "reindex|restore|rollback|secrets|smoke|status|test|toolchain|up|versions)([^A-Za-z./-]|$)";
  const search = ["grep", "-lE", former, "--", ".", ":!tests/unit/house/layout.test.ts"];
  const { status, stdout } = spawnSync("git", search, { cwd: projectRoot, encoding: "utf8" });
  // It ends with 1 where it finds nothing.
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
});

/** Folders that cannot be divided, each with why. */
const undivided: Record<string, string> = {
  ".": "tools look for their files here",
  hooks:
    "their names are in the state of each stack: a move would be a change of every resource that runs one",
  "tests/unit/previews": "recordings of one kind, made by one command",
  "offline/toolchain/own-providers/grafana": "one package of Go is one folder",
};

test("no folder has more than 15 files at one level: what is looked for is found", () => {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  const full = [...counts].filter(([, count]) => count > 15).map(([folder]) => folder);
  expect(full.sort()).toEqual(Object.keys(undivided).sort());
});
