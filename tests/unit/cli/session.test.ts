import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { changing } from "../../../cli/change";
import { givenPassphrase, passphraseProblems } from "../../../config/stack/passphrase";
import { whoAmI } from "../../../host/marks/holder";
import { readableResources } from "../../../ops/stack/deployment";
import { chosenBackend, backendInWords, ownStateFolder } from "../../../ops/stack/backend";
import { OperatorError } from "../../../ops/stack/errors";
import { requireDeployed, Session } from "../../../ops/stack/session";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

let folder: string;
const path = process.env.PATH;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "dating-session-"))));
afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

/** What is there for whoever chose nothing: a home without notes of logins. */
const nothing = () => ({ PULUMI_HOME: folder, XDG_STATE_HOME: join(folder, "state") });
const logIn = (current: string) =>
  writeFileSync(join(folder, "credentials.json"), JSON.stringify({ current }));

describe("the backend", () => {
  test("is the one of PULUMI_BACKEND_URL, else of pulumi login, else this machine's own folder", () => {
    expect(chosenBackend(nothing())).toEqual({
      url: `file://${folder}/state/dating-mini-app/pulumi`,
      own: true,
    });
    logIn("");
    expect(chosenBackend(nothing()).own).toBe(true);
    logIn("https://api.pulumi.com");
    expect(chosenBackend(nothing())).toEqual({ url: "https://api.pulumi.com", own: false });
    expect(chosenBackend({ ...nothing(), PULUMI_BACKEND_URL: "s3://team" })).toEqual({
      url: "s3://team",
      own: false,
    });
  });

  test("is this machine's own, too, where setup/environment has exported it", () => {
    const url = `file://${ownStateFolder(nothing())}?metadata=skip`;
    expect(chosenBackend({ ...nothing(), PULUMI_BACKEND_URL: url })).toEqual({ url, own: true });
  });

  test.each([
    ["s3://team-state?region=eu-central-1", "in s3://team-state"],
    ["https://api.pulumi.com", "in Pulumi Cloud"],
    ["postgres://ana:secret@db/state", "in postgres://db/state"],
    ["file:///srv/state", "in file:///srv/state"],
  ])("%s is told as %s", (url, words) => expect(backendInWords({ url, own: false })).toBe(words));
});

test("what was read before the stack was locked is read anew inside of the lock", async () => {
  const log = join(folder, "calls");
  const answers = join(folder, "exported");
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho "$*" >>${log}\ncat ${answers}\n`, { mode: 0o755 });
  writeFileSync(join(folder, "docker"), "#!/bin/sh\necho id\n", { mode: 0o755 });
  process.env.PATH = `${folder}:${path}`;
  const state = (id: string) =>
    writeFileSync(
      answers,
      JSON.stringify({
        deployment: { resources: [{ urn: "urn:bot", type: "docker:index/container:Container", id }] },
      }),
    );
  state("before");
  const session = new Session("prod", "prod", { PULUMI_BACKEND_URL: "s3://team" });
  expect(session.resources.map(({ id }) => id)).toEqual(["before"]);
  // Whoever had the lock has replaced it.
  state("after");
  const quiet = jest.spyOn(console, "log").mockImplementation(() => {});
  await changing(session, () => expect(session.resources.map(({ id }) => id)).toEqual(["after"]));
  quiet.mockRestore();
});

test("a state in a folder is read without the CLI and without a key, and another by the CLI", () => {
  const stacks = join(folder, ".pulumi/stacks/dating");
  mkdirSync(stacks, { recursive: true });
  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: "v1:abc",
  };
  const bot = { urn: "urn:bot", type: "docker:index/container:Container", id: "1", inputs: { env: secret } };
  const latest = { resources: [bot, { ...bot, id: "0", delete: true }] };
  writeFileSync(join(stacks, "prod.json"), JSON.stringify({ version: 3, checkpoint: { latest } }));
  const backend = jest.replaceProperty(process, "env", {
    ...process.env,
    PATH: `${folder}:${path}`,
    PULUMI_BACKEND_URL: `file://${folder}?metadata=skip`,
  });
  writeFileSync(join(folder, "pulumi"), "#!/bin/sh\necho '{ \"deployment\": {} }'\n", { mode: 0o755 });
  expect(readableResources("prod")).toMatchObject([{ id: "1", secretInputs: new Set(["env"]) }]);
  // As one that a killed deploy has not written to its end.
  writeFileSync(join(stacks, "prod.json"), '{ "version": 3, "checkp');
  expect(readableResources("prod")).toEqual([]);
  // As one that was compressed.
  expect(readableResources("staging")).toEqual([]);
  backend.restore();
});

const deployedOn = (host?: string) => [
  {
    urn: "urn:pulumi:prod::dating::pulumi:providers:docker::host",
    type: "pulumi:providers:docker",
    inputs: { host },
  },
];

describe("a stack whose state is in a folder", () => {
  const env = () => ({ PULUMI_BACKEND_URL: `file://${folder}` });
  const write = (text: string) => {
    mkdirSync(join(folder, ".pulumi/stacks/dating"), { recursive: true });
    writeFileSync(join(folder, ".pulumi/stacks/dating/prod.json"), text);
  };
  const session = () => new Session("prod", "no-such-stack", env());

  test("is there once it was made, and runs where it was deployed", () => {
    expect(session().exists).toBe(false);
    write(JSON.stringify({ checkpoint: { latest: { resources: deployedOn("ssh://deploy@host") } } }));
    expect(session()).toMatchObject({ exists: true, dockerHost: "ssh://deploy@host" });
    expect(session().environment).toMatchObject({ DOCKER_HOST: "ssh://deploy@host" });
    expect(session().line()).toBe(`prod on ssh://deploy@host · state in file://${folder} · as ${whoAmI()}`);
  });

  test("does without its state where that is not whole, which is what recover is for", () => {
    write('{"checkpoint": {');
    expect(session().exists).toBe(true);
    expect(() => session().dockerHost).not.toThrow();
  });
});

describe("a stack whose state is elsewhere", () => {
  const pulumi = (script: string) => {
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho "$*" >>${folder}/calls\n${script}\n`, {
      mode: 0o755,
    });
    process.env.PATH = `${folder}:${path}`;
  };
  const session = () => new Session("prod", "no-such-stack", { PULUMI_BACKEND_URL: "s3://team-state" });

  test("is asked for once", () => {
    const deployment = JSON.stringify({ deployment: { resources: deployedOn("ssh://deploy@host") } });
    pulumi(`echo '${deployment}'`);
    const opened = session();
    requireDeployed(opened);
    expect(opened.line()).toBe(`prod on ssh://deploy@host · state in s3://team-state · as ${whoAmI()}`);
    expect(opened.resources).toHaveLength(1);
    expect(readFileSync(join(folder, "calls"), "utf8").trim().split("\n")).toHaveLength(1);
  });

  test("is not there where the backend does not know it, and that is said with the backend", () => {
    pulumi("echo \"error: no stack named 'prod' found\" >&2; exit 255");
    expect(session().exists).toBe(false);
    expect(() => requireDeployed(session())).toThrow("no stack prod in the state in s3://team-state");
  });

  test("is an error where the backend cannot be asked: not one that is not there", () => {
    pulumi('echo "error: AccessDenied" >&2; exit 255');
    expect(() => session().exists).toThrow(new OperatorError("AccessDenied"));
  });
});

describe("the public passphrase", () => {
  test("is a problem of every stack that others have, too", () => {
    expect(passphraseProblems({ stack: "prod", passphrase: "dev" })).toMatchObject([
      { command: "pulumi stack change-secrets-provider --stack prod passphrase" },
    ]);
    for (const stack of ["dev", "preview-pr-1", "test-1-a"])
      expect(passphraseProblems({ stack, passphrase: "dev" })).toEqual([]);
    for (const passphrase of [undefined, "", "another"])
      expect(passphraseProblems({ stack: "prod", passphrase })).toEqual([]);
  });

  test("is seen in a file as well", () => {
    const file = join(folder, "passphrase");
    writeFileSync(file, "dev\n");
    expect(givenPassphrase({ PULUMI_CONFIG_PASSPHRASE_FILE: file })).toBe("dev");
    expect(givenPassphrase({ PULUMI_CONFIG_PASSPHRASE: "own", PULUMI_CONFIG_PASSPHRASE_FILE: file })).toBe(
      "own",
    );
    expect(givenPassphrase({ PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "none") })).toBeUndefined();
    expect(existsSync(file)).toBe(true);
  });
});
