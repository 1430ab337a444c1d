import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pruneAfterDeploy } from "../../../cli/configuration/old-images";
import { main } from "../../../cli/run";
import { projectRoot } from "../../../images/content";
import { rollbackMessage, type Release } from "../../../ops/releases/history";
import { namedImages, neededImages } from "../../../ops/releases/needed";
import { findOldImages, type OldImages } from "../../../ops/images/old";
import { Session } from "../../../ops/stack/session";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

const digest = (number: number) => `sha256:${String(number).padStart(64, "0")}`;
const bot = (number: number) => `registry.example.com/dating/bot:1.${number}@${digest(number)}`;

describe("the images that a stack needs", () => {
  const release = (number: number, more: Partial<Release> = {}): Release => ({
    ...{ at: `${number}`, succeeded: true, message: "", settings: {}, images: { bot: bot(number) } },
    ...more,
  });
  const needs = (all: Release[], keep: number) => [...neededImages(all, keep)].sort();

  test("are those of its last releases, however often each was deployed", () => {
    const all = [release(4), release(4), release(3), release(2), release(1)];
    expect(needs(all, 2)).toEqual([bot(3), bot(4)]);
    expect(needs(all, 5)).toEqual([bot(1), bot(2), bot(3), bot(4)]);
  });

  test("are those of a deploy that failed, too, while it is the newest, as its containers may be there", () => {
    const failed = release(4, { succeeded: false });
    expect(needs([failed, release(3), release(2), release(1)], 1)).toEqual([bot(3), bot(4)]);
    expect(needs([release(5), failed, release(3)], 1)).toEqual([bot(3), bot(5)]);
  });

  test("are those of the release that a rollback goes back to, however old it is", () => {
    const back = release(5, { images: { bot: bot(2) }, message: rollbackMessage(release(2)) });
    expect(needs([back, release(4), release(3), release(2), release(1)], 1)).toEqual([bot(1), bot(2)]);
  });

  test("are not all that its history names", () => {
    expect(namedImages([release(2), release(1), release(0, { images: undefined })]).size).toBe(2);
  });
});

const stack = `old-${process.pid}`;
const other = `other-${process.pid}`;
const fileOf = (name: string) => join(projectRoot, `Pulumi.${name}.yaml`);

let folder: string;
let printed: string;
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-old-"));
  printed = "";
  const take = (text: unknown = "") => void (printed += `${String(text)}\n`);
  jest.spyOn(console, "log").mockImplementation(take);
  jest.spyOn(console, "error").mockImplementation(take);
  Object.assign(process.env, {
    PATH: `${folder}:${before.PATH}`,
    PULUMI_BACKEND_URL: "s3://state",
    PULUMI_CONFIG_PASSPHRASE: "of this test",
    FAKE: folder,
  });
  for (const [name, script] of Object.entries({ docker, pulumi }))
    writeFileSync(join(folder, name), `#!/bin/sh\ncd "$FAKE"\necho "${name} $*" >>calls\n${script}`, {
      mode: 0o755,
    });
  tell("containers", []);
  stacks(stack);
});
afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
  for (const name of ["PATH", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "FAKE"])
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  for (const name of [stack, other]) rmSync(fileOf(name), { force: true });
  rmSync(folder, { recursive: true });
});

/** Answers with what the test has put into files; an image that is gone is told as Docker does. */
const docker = `
[ ! -e silent ] || { echo "error during connect: connection reset by peer" >&2; exit 1; }
case "$1 $2" in
"create --name") echo the-lock ;;
"container ls") [ "$(cat containers)" = "[]" ] || echo x ;;
"container inspect") cat containers ;;
"image inspect") cat images; [ ! -e gone ] || { cat gone >&2; exit 1; } ;;
"image rm") [ ! -e "conflict" ] || { echo "Error response from daemon: conflict: unable to remove $3" >&2; exit 1; } ;;
"container rm") ;;
*) exit 2 ;;
esac
`;
const pulumi = `
case "$1 $2" in
"stack ls") cat stacks ;;
"stack history") cat "history-$4" ;;
"stack export") cat "state-$4" ;;
*) exit 2 ;;
esac
`;

const tell = (name: string, what: unknown) => writeFileSync(join(folder, name), JSON.stringify(what));
const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
const removed = () => calls().filter((call) => call.startsWith("docker image rm "));

/** The stacks of the state, each with releases of these numbers of the bot, the newest first. */
function stacks(...names: string[]): void {
  tell(
    "stacks",
    names.map((name) => ({ name })),
  );
  for (const name of names) if (!existsSync(join(folder, `history-${name}`))) released(name, []);
}
function released(name: string, numbers: number[]): void {
  tell(
    `history-${name}`,
    numbers.map((number) => ({
      ...{ version: 0, kind: "update", result: "succeeded", startTime: `${number}`, message: "" },
      config: { "dating:images": { objectValue: { bot: bot(number) }, secret: false } },
    })),
  );
  tell(`state-${name}`, { deployment: { resources: [] } });
}
const described = (name: string, keep: number, number: number, host?: string) =>
  writeFileSync(
    fileOf(name),
    `config:\n  dating:keepReleases: "${keep}"\n  dating:images:\n    bot: ${bot(number)}\n` +
      (host ? `  dating:dockerHost: ${host}\n` : ""),
  );
/** The images that the host has: of these numbers of the bot. */
const stored = (...numbers: number[]) =>
  tell(
    "images",
    numbers.map((number) => ({
      ...{ Id: `sha256:id${number}`, Size: 100e6, RepoTags: [], Config: {} },
      RepoDigests: [`registry.example.com/dating/bot@${digest(number)}`],
    })),
  );
const container = (image: string, id: string, of = "") => ({
  ...{ Id: "x", Image: id },
  Config: { Image: image, Labels: of ? { "dating.stack": `dating-${of}` } : null },
});

const found = (): OldImages => findOldImages(new Session(stack));
const numbersFound = () => found().images.map(({ reference }) => Number(/:1\.(\d+)@/.exec(reference)![1]));

/** A stack that keeps two of four releases. */
function fourReleases(): void {
  released(stack, [4, 3, 2, 1]);
  described(stack, 2, 4);
  stored(1, 2);
}

describe("the images of older releases", () => {
  beforeEach(fourReleases);

  test("are what the stack's own history names beyond the releases that it keeps", () => {
    expect(numbersFound()).toEqual([2, 1]);
    expect(calls()).toContainEqual(`docker image inspect ${bot(2)} ${bot(1)}`);
  });

  test("are those that are still there", () => {
    stored(1);
    writeFileSync(join(folder, "gone"), `Error response from daemon: No such image: ${bot(2)}\n`);
    expect(numbersFound()).toEqual([1]);
  });

  test("are not looked for on the host where there are none", () => {
    released(stack, [4, 3]);
    expect(numbersFound()).toEqual([]);
    expect(calls().filter((call) => call.startsWith("docker"))).toEqual([]);
  });

  test("are none that the stack's file names for the next deploy", () => {
    described(stack, 2, 1);
    expect(numbersFound()).toEqual([2]);
  });

  test.each([
    ["by its id", container("anything:1", "sha256:id1")],
    ["by its name", container(bot(1), "sha256:another")],
  ])("are none that a container of anybody uses, %s", (_, user) => {
    tell("containers", [user]);
    expect(numbersFound()).toEqual([2]);
  });

  test("may lie beside containers whose image has no name any more", () => {
    tell("containers", [container("f".repeat(64), "sha256:another"), container("<none>", "sha256:none")]);
    expect(numbersFound()).toEqual([2, 1]);
  });
});

describe("the images of older releases, with another stack on the host", () => {
  beforeEach(() => {
    fourReleases();
    stacks(stack, other);
    tell("containers", [container("else:1", "sha256:else", other)]);
  });

  test("are none that it needs for itself", () => {
    released(other, [2, 1]);
    described(other, 1, 2);
    // A rollback of it goes back to 1.
    expect(numbersFound()).toEqual([]);
    released(other, [3, 2, 1]);
    described(other, 1, 3);
    expect(numbersFound()).toEqual([1]);
  });

  test("are none that its history names, where nobody here knows how many releases it keeps", () => {
    released(other, [3, 2, 1]);
    expect(numbersFound()).toEqual([]);
  });

  test("are none that one needs that is taken down at the moment", () => {
    tell("containers", []);
    released(other, [2, 1]);
    expect(numbersFound()).toEqual([]);
    described(other, 2, 2);
    expect(numbersFound()).toEqual([]);
    described(other, 2, 2, "ssh://another.example.com");
    expect(numbersFound()).toEqual([2, 1]);
    // Whose state may have another key.
    expect(calls().filter((call) => call === `pulumi stack export --stack ${other} --show-secrets`)).toEqual(
      [],
    );
  });

  test("are none of its repositories where its history is in another state, which is said", () => {
    stacks(stack);
    expect(numbersFound()).toEqual([2, 1]);
    tell("containers", [container("registry.example.com/dating/webapp:7", "sha256:else", other)]);
    expect(found()).toEqual({ images: [], unknown: [other] });
  });
});

describe("removing them", () => {
  beforeEach(fourReleases);
  const run = async (...words: string[]) => {
    await main(["images", "prune", stack, ...words]);
    return Number(process.exitCode ?? 0);
  };
  const name = (number: number) => `docker image rm registry.example.com/dating/bot@${digest(number)}`;

  test("says which and how much, and a dry run removes none", async () => {
    expect(await run("--dry-run")).toBe(0);
    expect(printed).toContain(
      `(2 images, at most 200.0 MB):\n  ${bot(2)}  100.0 MB\n  ${bot(1)}  100.0 MB\n`,
    );
    expect(printed).toContain("A dry run: nothing was changed.");
    expect(removed()).toEqual([]);
  });

  test("goes by the names that the stack has for them", async () => {
    expect(await run("--yes")).toBe(0);
    expect(removed()).toEqual([name(2), name(1)]);
  });

  test("says so where there are none", async () => {
    released(stack, [4]);
    expect(await run("--yes")).toBe(0);
    expect(printed).toContain("No image of an older release is to be removed.");
  });

  test("leaves one that a container has begun to use, and says so", async () => {
    writeFileSync(join(folder, "conflict"), "");
    expect(await run("--yes")).toBe(0);
    expect(printed).toContain(`${bot(1)} stays: a container has begun to use it`);
  });

  test("is not done by an engine that cannot be asked, and that is no success", async () => {
    writeFileSync(join(folder, "silent"), "");
    expect(await run("--dry-run")).toBe(1);
    expect(printed).toContain("connection reset by peer");
  });

  test("is refused with the command that mends it where the number of releases is none", async () => {
    writeFileSync(fileOf(stack), "config:\n  dating:keepReleases: none\n");
    expect(await run("--dry-run")).toBe(1);
    expect(printed).toMatch(
      /dating:keepReleases must be a whole .*pulumi config set --stack old-\d+ dating:keep/,
    );
  });

  test("ends a deploy without a question, and a deploy that went well does not fail by it", () => {
    pruneAfterDeploy(stack);
    expect(removed()).toEqual([name(2), name(1)]);
    expect(printed).toContain("Images of older releases are removed: 2 images, at most 200.0 MB");
    writeFileSync(join(folder, "silent"), "");
    pruneAfterDeploy(stack);
    expect(printed).toContain(`The deploy is done. Try again: ./dating images prune ${stack}`);
  });
});
