import { spawnSync } from "node:child_process";

import { nameIn, projectName } from "../../../config/project";
import { projectRoot } from "../../../images/content";

test.each([
  ["name: dating\nruntime: nodejs\n", "dating"],
  ['description: name: other\nname: "guest-book"\n', "guest-book"],
  ["name: 'guestbook'   \n", "guestbook"],
])("the project is called as Pulumi.yaml says: %j", (text, name) => expect(nameIn(text)).toBe(name));

test("without a name it says what is missing", () =>
  expect(() => nameIn("runtime: nodejs\n")).toThrow("Pulumi.yaml names no project: name: dating"));

test("no command and no message has the name by itself: another application has another one", () => {
  const pattern = '(`|")[^`"]*dating(-|:)\\$\\{|\\.pulumi/(stacks|history|locks/organization)/dating';
  // The drawing and the recordings are of the project as it stands here, whatever it is called.
  const places = [
    "cli",
    "host",
    "images/*.ts",
    "ops",
    "components",
    "stack",
    ":!ops/drawing",
    ":!ops/backups",
  ];
  const { stdout } = spawnSync("git", ["grep", "-nE", pattern, "--", ...places], {
    cwd: projectRoot,
    encoding: "utf8",
  });
  expect(stdout).toBe("");
  expect(projectName).toMatch(/^[a-z]/);
});
