import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { projectRoot } from "../../../images/content";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-environment-"));
  const scripts = {
    "setup/node": "",
    "setup/packages": "",
    "setup/toolchain/setup": `echo ${folder}/bin`,
    "setup/docker-engine": '[ "$1" = programs ] || echo unix:///var/run/docker.sock',
    "bin/pulumi": `echo "$PULUMI_BACKEND_URL $*" >>${folder}/calls`,
    "setup/toolchain/versions": "",
    "package-lock.json": "",
  };
  cpSync(join(projectRoot, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  for (const [file, script] of Object.entries(scripts)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  for (const file of ["environment", "environment-version"])
    cpSync(join(projectRoot, "setup", file), join(folder, "setup", file));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is exported for somebody who has set these variables. */
function exported(more: NodeJS.ProcessEnv = {}): Record<string, string> {
  const { status, stdout, stderr } = spawnSync(join(folder, "setup/environment"), {
    env: { PATH: process.env.PATH, HOME: folder, ...more },
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return Object.fromEntries(
    [...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [
      name!,
      value!.replaceAll("\\", ""),
    ]),
  );
}

const own = () => `file://${folder}/.local/state/dating-mini-app/pulumi?metadata=skip`;

test("whoever chose nothing has a state on this machine, with the public passphrase", () => {
  expect(exported()).toMatchObject({ PULUMI_BACKEND_URL: own(), PULUMI_CONFIG_PASSPHRASE: "dev" });
  // As in a shell that is prepared a second time.
  expect(exported({ PULUMI_BACKEND_URL: own() })).toMatchObject({ PULUMI_CONFIG_PASSPHRASE: "dev" });
  expect(exported({ PULUMI_CONFIG_PASSPHRASE: "own" })).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
});

test("whoever chose a backend keeps it, and gets no passphrase that everybody knows", () => {
  const chosen = exported({ PULUMI_BACKEND_URL: "s3://team-state" });
  expect(chosen).not.toHaveProperty("PULUMI_BACKEND_URL");
  expect(chosen).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
});

test("pulumi login is a choice, too, and pulumi logout takes it back", () => {
  const note = (current: string) => {
    mkdirSync(join(folder, ".pulumi"), { recursive: true });
    writeFileSync(
      join(folder, ".pulumi/credentials.json"),
      JSON.stringify({ current, accounts: {} }, undefined, 4),
    );
  };
  note("https://api.pulumi.com");
  expect(exported()).not.toHaveProperty("PULUMI_BACKEND_URL");
  expect(exported()).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
  note("");
  expect(exported()).toMatchObject({ PULUMI_BACKEND_URL: own() });
});

test("an engine that cannot be had ends it, with what was said about it and nothing exported", () => {
  writeFileSync(join(folder, "setup/docker-engine"), "#!/bin/sh\necho no engine >&2\nexit 1\n");
  const { status, stdout, stderr } = spawnSync(join(folder, "setup/environment"), {
    env: { PATH: process.env.PATH, HOME: folder },
    encoding: "utf8",
  });
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: "", stderr: "no engine\n" });
});

test("says which version it has prepared, which is another with other packages", () => {
  const { DATING_ENVIRONMENT: first } = exported();
  expect(first).toMatch(/^\d+-\d+$/);
  expect(exported().DATING_ENVIRONMENT).toBe(first);
  writeFileSync(join(folder, "package-lock.json"), "{}");
  expect(exported().DATING_ENVIRONMENT).not.toBe(first);
});
