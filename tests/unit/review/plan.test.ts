import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openUnknownSecrets } from "../../../ops/review/plan";

const secret = (ciphertext: string) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext,
});
const [empty, filled] = [
  "v1:daWwy/jTId8rAOuN:vF1vxtzBX9Q6eq5rtXvINozF",
  "v1:9g+JYQoSMl3dBzRc:" + "A".repeat(48),
];
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A plan with one resource that depends on another, read back after the secrets were opened. */
function opened(step: string, value: unknown): unknown {
  const folder = mkdtempSync(join(tmpdir(), "dating-plan-"));
  const file = join(folder, "plan.json");
  const dependent = {
    steps: ["create"],
    goal: { inputDiff: { adds: { stdin: value } }, propertyDependencies: { stdin: ["urn:password"] } },
  };
  const before = {
    manifest: { version: "1" },
    resourcePlans: { "urn:password": { steps: [step] }, "urn:role": dependent },
  };
  writeFileSync(file, JSON.stringify(before));
  openUnknownSecrets(file);
  const after = JSON.parse(readFileSync(file, "utf8")) as typeof before;
  rmSync(folder, { recursive: true });
  expect(after.manifest).toEqual(before.manifest);
  return after.resourcePlans["urn:role"].goal.inputDiff.adds.stdin;
}

test.each([
  ["that the deploy makes is open", "create", secret(empty), unknown],
  ["inside of another value, too", "replace", [{ a: secret(empty), b: "b" }], [{ a: unknown, b: "b" }]],
  ["whose length nobody can tell is open", "create", secret("AQICAHh"), unknown],
  ["that is known stays reviewed", "create", secret(filled), secret(filled)],
  ["of what does not change stays reviewed", "same", secret(empty), secret(empty)],
])("a secret %s", (_, step, value, expected) => {
  expect(opened(step, value)).toEqual(expected);
});
