import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { withReviewed } from "../../../ops/review/deploy";
import { OperatorError } from "../../../ops/stack/errors";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

let folder: string;
let said: jest.SpyInstance;
const path = process.env.PATH;

/** A `pulumi` that answers a preview with what a test says. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-reviewed-test-"));
  writeFileSync(
    join(folder, "pulumi"),
    `#!/bin/sh
echo "$*" >>${folder}/calls
case $1 in
config) echo '{"dating:botToken": {"value": "the-token", "secret": true}}' ;;
stack) echo '{"deployment": {}}' ;;
preview)
  while [ "$1" != --save-plan ]; do shift; done
  echo '{"resourcePlans": {}}' >"$2"
  cat ${folder}/preview ;;
esac
`,
    { mode: 0o755 },
  );
  process.env.PATH = `${folder}:${path}`;
  said = jest.spyOn(console, "log").mockImplementation(() => {});
});
afterEach(() => {
  said.mockRestore();
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

const previewed = (preview: object) => writeFileSync(join(folder, "preview"), JSON.stringify(preview));
const calls = (command: string) =>
  readFileSync(join(folder, "calls"), "utf8")
    .trim()
    .split("\n")
    .filter((call) => call.startsWith(`${command} `))
    .map((call) => call.replace(/\/tmp\/\S+\//g, ""));
const deploying = { configFile: "other.yaml", refresh: true, replace: ["urn:bot"], exclude: ["urn:grafana"] };

test("what is deployed is what was shown: the plan, with the same file and the same choice of resources", async () => {
  previewed({ changeSummary: { create: 2 } });
  await withReviewed("prod", deploying, async (deploy) => {
    expect(said).toHaveBeenCalledWith(expect.stringContaining("Preview of prod: 2 to create"));
    expect(calls("up")).toEqual([]);
    await deploy("for a reason");
  });
  const same = "--config-file other.yaml --refresh --replace urn:bot --exclude urn:grafana";
  expect(calls("preview")[0]).toContain(`--policy-pack policy --save-plan plan.json ${same}`);
  expect(calls("up")).toEqual([
    `up --yes --non-interactive --stack prod --plan plan.json --policy-pack policy ${same} --message for a reason`,
  ]);
  expect(calls("config")[0]).toContain("--config-file other.yaml");
});

test("what the engine or a policy refuses is told in full, without a secret, and nothing is done", async () => {
  const message = ["1", "2", "3", "4", "5", "last: the-token"].join("\n");
  previewed({ diagnostics: [{ severity: "error", message }] });
  const action = jest.fn();
  const refused = withReviewed("prod", {}, action);
  await expect(refused).rejects.toThrow(OperatorError);
  await expect(refused).rejects.toThrow(
    /prod cannot be deployed like that\. Nothing was changed\.[^]*last: \[secret\]/,
  );
  expect(action).not.toHaveBeenCalled();
  expect(calls("up")).toEqual([]);
});
