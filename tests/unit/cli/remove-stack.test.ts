import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { DeployedResource } from "../../../ops/stack/deployment";
import { removeWithData } from "../../../ops/stack/remove";

let folder: string;
const path = process.env.PATH;
const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

/** A `docker` whose volume is in use as long as there is a file of that name, and a `pulumi`. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-remove-"));
  for (const name of ["docker", "pulumi"])
    writeFileSync(
      join(folder, name),
      `#!/bin/sh\necho "${name} $*" >>${folder}/calls\n[ "$1" != volume ] || [ ! -e ${folder}/in-use ]\n`,
      { mode: 0o755 },
    );
  process.env.PATH = `${folder}:${path}`;
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

const resource = (type: string, id: string, name: string): DeployedResource => ({
  ...{ urn: `urn:${name}`, type, id, inputs: { name }, outputs: {}, dependencies: [] },
  ...{ secretInputs: new Set<string>(), replaced: false },
});
const resources = [
  resource("docker:index/container:Container", "c1", "dating-old-bot"),
  resource("docker:index/volume:Volume", "v1", "dating-old_data"),
];

test("a stack whose volume cannot be removed keeps its name in the state, and is removed by the next run", () => {
  writeFileSync(join(folder, "in-use"), "");
  expect(() => removeWithData("old", resources)).toThrow("docker volume rm --force dating-old_data");
  expect(calls().filter((call) => call.startsWith("pulumi"))).toEqual([]);

  rmSync(join(folder, "in-use"));
  removeWithData("old", resources);
  expect(calls().slice(-4)).toEqual([
    "docker rm --force c1",
    "docker volume rm --force dating-old_data",
    "pulumi state unprotect --all --yes --stack old",
    "pulumi destroy --yes --skip-preview --stack old",
  ]);
});
