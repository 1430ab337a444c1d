import { execFileSync } from "node:child_process";

import { projectRoot } from "../../../images/content";

/** Runs statements in a process of its own, as Jest has another way to load modules. */
const evaluate = (statements: string) =>
  execFileSync(process.execPath, ["--require", "tsx/cjs", "--eval", statements], {
    cwd: projectRoot,
    encoding: "utf8",
  }).trim();

const loaded = "Object.keys(require.cache).some((path) => path.includes('@npmcli/arborist/lib/index'))";

test("npm's solver is not loaded with the SDK, and is there when it is used", () => {
  const said = evaluate(`
    require("./start/lazy-arborist.ts");
    require("@pulumi/pulumi");
    console.log(${loaded});
    console.log(typeof require("@npmcli/arborist").Arborist, ${loaded});`);
  expect(said.split("\n")).toEqual(["false", "function true"]);
});

test("without it, the SDK loads npm's solver", () => {
  expect(evaluate(`require("@pulumi/pulumi"); console.log(${loaded})`)).toBe("true");
});
