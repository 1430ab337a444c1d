import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { readPoint } from "../../../cli/data/restore";
import { parseRepository } from "../../../config/repositories";
import { BackupError } from "../../../ops/backups/archives/manifest";
import { chooseServer } from "../../../ops/point-in-time/servers";
import { problemsOf, valid } from "../support/config";

describe("the address of a repository", () => {
  test.each([
    ["volume", { path: "/backups/continuous/repository" }],
    [
      "s3://people/dating/prod?region=eu-central-1",
      {
        ...{ type: "s3", path: "/dating/prod", "s3-bucket": "people", "s3-region": "eu-central-1" },
        ...{ "s3-endpoint": "s3.eu-central-1.amazonaws.com", "s3-uri-style": "host" },
      },
    ],
    [
      "s3://people/dating?region=us-east-1&endpoint=store.example.com:9000&style=path",
      {
        ...{ type: "s3", path: "/dating", "s3-bucket": "people", "s3-region": "us-east-1" },
        ...{ "s3-endpoint": "store.example.com", "storage-port": "9000", "s3-uri-style": "path" },
      },
    ],
    [
      "azure://account1/box/dating",
      { type: "azure", path: "/dating", "azure-account": "account1", "azure-container": "box" },
    ],
    ["gs://people/dating", { type: "gcs", path: "/dating", "gcs-bucket": "people" }],
    [
      `sftp://backup@store.example.com:2222/dating?fingerprint=${"0a".repeat(32)}`,
      {
        ...{ type: "sftp", path: "/dating", "sftp-host": "store.example.com", "sftp-host-user": "backup" },
        ...{ "sftp-host-port": "2222", "sftp-host-fingerprint": "0a".repeat(32) },
        ...{ "sftp-host-key-hash-type": "sha256", "sftp-host-key-check-type": "fingerprint" },
      },
    ],
  ])("%s is what pgBackRest is told", (address, options) => {
    expect(parseRepository(address)?.options).toEqual(options);
  });

  test.each([
    ["another scheme", "ftp://host/dating"],
    ["no region", "s3://people/dating"],
    ["no folder, which several stacks would share", "s3://people?region=eu-central-1"],
    ["a word that means nothing", "s3://people/dating?region=eu-central-1&regoin=x"],
    ["a line break, which would be another option", "s3://people/dating?region=eu%0Arepo1-path=/"],
    ["a password in plain text", "sftp://backup:secret@host/dating?fingerprint=" + "0a".repeat(32)],
    ["a host whose key nobody has looked at", "sftp://backup@host/dating"],
    ["nothing", ""],
  ])("is refused with %s", (_, address) => {
    expect(parseRepository(address)).toBeUndefined();
  });
});

describe("the configuration of continuous backups", () => {
  const problems = (values: Record<string, string>) =>
    problemsOf({ ...valid, ...values })
      .map(({ key, problem, command }) => `${key} ${problem}\n${command}`)
      .join("\n");
  const places = (...addresses: string[]) => ({ backupRepositories: JSON.stringify(addresses) });

  test("takes the volume without anything else", () => {
    expect(problems(places("volume"))).toBe("");
  });

  test("names the credentials that a place needs, and the command that sets each", () => {
    const said = problems(places("volume", "s3://people/dating?region=eu-central-1"));
    expect(said).toContain("dating:backupCredentials.s3Key is missing");
    expect(said).toContain(
      "pulumi config set --stack prod --secret --path 'dating:backupCredentials.s3Secret'",
    );
    expect(said.split("\n")).toHaveLength(4);
  });

  test.each([
    ["three places", places("volume", "gs://one/x", "azure://account1/box/x"), "must be two places at most"],
    ["a place twice", places("volume", "volume"), "must not name a place twice"],
    [
      "an address that is none",
      places("s3:bucket"),
      "dating:backupRepositories.0 must be volume, or an address",
    ],
    [
      "Postgres 18",
      { ...places("volume"), postgresVersion: "18" },
      "must be 15, 16 or 17 with backupRepositories",
    ],
    [
      "an archive_command of one's own",
      { ...places("volume"), postgresSettings: '{"archive_command":"true"}' },
      "dating:postgresSettings.archive_command is not a stack's to set with backupRepositories",
    ],
  ])("refuses %s", (_, values, said) => {
    expect(problems(values)).toContain(said);
  });
});

describe("Postgres's archive_command, where the backup service does not answer", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dating-archive-"));
    mkdirSync(join(folder, "pg_wal/archive_status"), { recursive: true });
    mkdirSync(join(folder, "bin"));
    disk(50_000_000);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A disk with so many KiB left. */
  function disk(free: number): void {
    const file = join(folder, "bin/df");
    writeFileSync(
      file,
      `#!/bin/sh\necho "Filesystem 1024-blocks Used Available Capacity Mounted"\necho "d 9 9 ${free} 9 /"\n`,
    );
    chmodSync(file, 0o755);
  }

  const script = join(__dirname, "../../../components/database/pgbackrest-archive.sh");

  const state = (word: string) =>
    writeFileSync(join(folder, "postmaster.pid"), `1\n2\n3\n4\n5\n6\n7\n${word.padEnd(8)}\n`);

  function archive(waiting: number, limit: number) {
    for (let number = 0; number < waiting; number++)
      writeFileSync(join(folder, `pg_wal/archive_status/${String(number).padStart(24, "0")}.ready`), "");
    return spawnSync("bash", [script, "0".repeat(24), String(limit)], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` },
    });
  }

  test("lets a file wait", () => {
    const { status, stderr } = archive(8, 8);
    expect(stderr).toContain("waits, as 8 files do");
    expect(status).toBe(1);
  });

  test("waits for a service that is being replaced, but not while Postgres stops", async () => {
    state("ready");
    const child = spawn("bash", [script, "0".repeat(24), "8"], { cwd: folder, stdio: "ignore" });
    const ended = once(child, "exit");
    await pause(1500);
    expect(child.exitCode).toBeNull();
    state("stopping");
    expect(await ended).toEqual([1, null]);
  });

  test("gives the oldest up when more wait than may", () => {
    state("ready");
    const { status, stderr } = archive(9, 8);
    expect(stderr).toContain("is given up: 9 files wait");
    expect(status).toBe(0);
  });

  test("gives the oldest up when the disk is about to be full, but for the last two", () => {
    disk(1_000_000);
    expect(archive(2, 8).status).toBe(1);
    expect(archive(3, 8).status).toBe(0);
  });
});

/** The service is Python, which a machine that only deploys need not have. */
const describeWithPython = spawnSync("python3", ["--version"]).status === 0 ? describe : describe.skip;

describeWithPython("the files of the write-ahead log", () => {
  const follows = (segment: string, last: string, size = 2 ** 24) =>
    execFileSync("python3", ["-c", `import wal; print(wal.follows("${segment}", "${last}", ${size}))`], {
      cwd: join(__dirname, "../../../images/backup/dating_backup/continuous"),
      encoding: "utf8",
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    }).trim() === "True";
  const name = (log: number, segment: number, timeline = 1) =>
    [timeline, log, segment].map((part) => part.toString(16).toUpperCase().padStart(8, "0")).join("");

  test.each([
    ["the next", name(0, 6), name(0, 5), true],
    ["the same, asked for again", name(0, 5), name(0, 5), true],
    ["the first of the next 4 GiB", name(1, 0), name(0, 255), true],
    ["the one after the next", name(0, 7), name(0, 5), false],
    ["the second of the next 4 GiB", name(1, 1), name(0, 255), false],
    ["one of another timeline", name(0, 9, 2), name(0, 5), true],
  ])("%s is told from what is missing", (_, segment, last, expected) => {
    expect(follows(segment, last)).toBe(expected);
  });

  test("may be larger than usual", () => {
    expect(follows(name(1, 0), name(0, 63), 2 ** 26)).toBe(true);
    expect(follows(name(1, 0), name(0, 62), 2 ** 26)).toBe(false);
  });
});

describe("--at", () => {
  const now = new Date("2026-11-30T12:00:00Z");
  const read = (text: string) => readPoint(text, undefined, now);

  test("is a time with its zone, or latest", () => {
    expect(read("2026-11-27T14:03:00Z")).toEqual(new Date("2026-11-27T14:03:00Z"));
    expect(read("2026-11-27T14:03:00.250+02:00")).toEqual(new Date("2026-11-27T12:03:00.250Z"));
    expect(read("latest")).toBe("latest");
  });

  test.each(["2026-11-27T14:03:00", "2026-11-27", "yesterday", "2026-13-27T14:03:00Z"])(
    "is not %s",
    (text) => {
      expect(() => read(text)).toThrow(
        "It must be a time with its zone, as 2026-11-27T14:03:00Z, or latest.",
      );
    },
  );

  test("is not in the future", () => {
    expect(() => read("2026-11-30T12:00:01Z")).toThrow("It is in the future.");
  });
});

describe("the server whose backups are restored", () => {
  const server = (id: string) => ({ id, from: now, newest: now, bytes: 1 });
  const now = new Date("2026-11-30T12:00:00Z");

  test("is the one that is asked for, else the stack's own, else the only one", () => {
    const both = [server("1"), server("2")];
    expect(chooseServer(both, "1", "2").id).toBe("1");
    expect(chooseServer(both, undefined, "2").id).toBe("2");
    expect(chooseServer([server("1")], undefined, undefined).id).toBe("1");
  });

  test("is never another one than the stack's own without being asked for", () => {
    expect(() => chooseServer([server("1")], undefined, "2")).toThrow(BackupError);
    expect(() => chooseServer([server("1")], undefined, "2")).toThrow(
      /no complete backup of server 2.*--server.*\n.*server 1: any time from/,
    );
  });

  test("has to be said where there are several and the stack's own does not answer", () => {
    expect(() => chooseServer([server("1"), server("2")], undefined, undefined)).toThrow("several servers");
    expect(() => chooseServer([], undefined, undefined)).toThrow("no complete backup yet");
  });
});
