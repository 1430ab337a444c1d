import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { imageFor, imageNames as configured, postgresVersions } from "../../../config/keys";
import { baseImages } from "../../../images/build";
import {
  contentFiles,
  contentHash,
  imageNames,
  imageSource,
  localImage,
  projectRoot,
} from "../../../images/content";
import { filesOf, tar } from "../../../images/context";
import { firstLine } from "../../../images/docker";
import { officialImage } from "../../../images/official";
import { parseReference } from "../../../images/reference";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "content-"));
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "b"), "b");
  writeFileSync(join(folder, "sub/a"), "a");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a folder's hash", () => {
  test("is the same for a copy, whatever its times and what editors leave behind", () => {
    const before = contentHash(folder);
    utimesSync(join(folder, "b"), 1, 1);
    writeFileSync(join(folder, "b~"), "backup");
    mkdirSync(join(folder, "__pycache__"));
    writeFileSync(join(folder, "__pycache__/x.pyc"), "x");
    const copy = `${folder}-copy`;
    cpSync(folder, copy, { recursive: true });
    expect([contentHash(folder), contentHash(copy)]).toEqual([before, before]);
    rmSync(copy, { recursive: true });
  });

  test.each<[string, () => void]>([
    ["a file's content", () => writeFileSync(join(folder, "b"), "c")],
    ["a new file", () => writeFileSync(join(folder, "c"), "")],
    ["a file's name", () => (rmSync(join(folder, "b")), writeFileSync(join(folder, "bb"), "b"))],
    ["a file that becomes executable", () => chmodSync(join(folder, "b"), 0o755)],
  ])("changes with %s", (_, change) => {
    const before = contentHash(folder);
    change();
    expect(contentHash(folder)).not.toBe(before);
  });

  test("is refused for what cannot be sent", () => {
    symlinkSync("b", join(folder, "link"));
    expect(() => contentHash(folder)).toThrow("neither a file nor a folder");
  });
});

test("files are listed in the same order in every locale", () => {
  writeFileSync(join(folder, "Z"), "");
  expect(contentFiles(folder)).toEqual(["Z", "b", "sub/a"]);
});

test("an image's README does not count as its content", () => {
  for (const path of ["images/bot", "migrations"])
    cpSync(join(projectRoot, path), join(folder, path), { recursive: true });
  const before = localImage("bot", folder);
  writeFileSync(join(folder, "images/bot/README.md"), "other words");
  expect(localImage("bot", folder)).toBe(before);
  writeFileSync(join(folder, "images/bot/Dockerfile"), "FROM scratch");
  expect(localImage("bot", folder)).not.toBe(before);
});

test("an image that is made with a program of the toolchain is another one when that changes", () => {
  for (const path of [
    "images/bot",
    "offline/images/cadvisor",
    "migrations",
    "offline/toolchain/services/cadvisor",
  ])
    cpSync(join(projectRoot, path), join(folder, path), { recursive: true });
  const before = localImage("cadvisor", folder);
  expect(before).toBe(localImage("cadvisor"));
  writeFileSync(join(folder, "offline/toolchain/services/cadvisor/ldflags"), "-X a=b");
  expect(localImage("cadvisor", folder)).not.toBe(before);
});

/** Patches of a line differ where the newest cannot be built from package registries; they bring fixes alone. */
test("a program that is built here has the major and minor version of the official image", () => {
  const built = imageNames().flatMap((name) => {
    const service = firstLine(join(imageSource(name).dir, "binary"));
    return service ? [{ name, service }] : [];
  });
  expect(built.map(({ name }) => name)).toContain("prometheus");
  for (const { name, service } of built) {
    const flags = readFileSync(join(projectRoot, "offline/toolchain/services", service, "ldflags"), "utf8");
    const version = /[vV]ersion=v?(\d+\.\d+)\./.exec(flags)?.[1];
    expect([name, parseReference(officialImage(name)!).tag]).toEqual([
      name,
      expect.stringMatching(`^v?${version?.replace(".", "\\.")}\\.`),
    ]);
  }
});

test("a new revision needs no new runner image", () => {
  mkdirSync(join(folder, "images"));
  cpSync(join(projectRoot, "migrations"), join(folder, "migrations"), { recursive: true });
  const before = localImage("migrations", folder);
  writeFileSync(join(folder, "migrations/versions/004_more.py"), "");
  expect(localImage("migrations", folder)).toBe(before);
});

test("every image of the stack has a source here, and every source is an image of the stack", () => {
  const used = postgresVersions.flatMap((version) => configured.map((name) => imageFor(name, version)));
  expect([...new Set(used)].sort()).toEqual(imageNames());
});

test("an image that shares another one's files changes with them, but not with how that one is made", () => {
  mkdirSync(join(folder, "images"));
  cpSync(join(projectRoot, "offline/images"), join(folder, "offline/images"), { recursive: true });
  const before = localImage("postgres-15", folder);
  writeFileSync(join(folder, "offline/images/postgres/Dockerfile"), "FROM scratch");
  expect(localImage("postgres-15", folder)).toBe(before);
  writeFileSync(join(folder, "offline/images/postgres/initialise.sh"), "");
  expect(localImage("postgres-15", folder)).not.toBe(before);
});

test("a build context has the files under their names, for all to read", async () => {
  chmodSync(join(folder, "b"), 0o700);
  chmodSync(join(folder, "sub/a"), 0o600);
  const chunks: Buffer[] = [];
  for await (const chunk of tar(filesOf(folder, contentFiles(folder)))) chunks.push(chunk as Buffer);
  const archive = Buffer.concat(chunks);
  const header = (offset: number) => ({
    name: archive.toString("latin1", offset, offset + 100).replace(/\0+$/, ""),
    mode: archive.toString("latin1", offset + 100, offset + 107).trim(),
  });
  expect([header(0), header(1024)]).toEqual([
    { name: "b", mode: "000755" },
    { name: "sub/a", mode: "000644" },
  ]);
});

test("an image needs what its Dockerfile starts from, and no stage of its own", () => {
  mkdirSync(join(folder, "images/bot"), { recursive: true });
  writeFileSync(
    join(folder, "images/bot/Dockerfile"),
    "# FROM nothing\nFROM debian:bookworm-slim AS tools\nfrom --platform=linux/amd64 debian:trixie-slim\n" +
      "COPY --from=tools /bin/sh /sh\nFROM tools\n",
  );
  expect(baseImages("bot", folder)).toEqual(["debian:bookworm-slim", "debian:trixie-slim"]);
});

test.each(imageNames())("%s starts from images that can be made where no registry answers", (name) => {
  for (const base of baseImages(name)) expect(base).toMatch(/^debian:(trixie|bookworm)-slim$/);
});

test("a base image that is there is not made again", () => {
  const file = join(folder, "base.tar");
  writeFileSync(file, "made");
  const made = spawnSync(join(projectRoot, "offline/images/base/make-base"), ["trixie", file]);
  expect(made.status).toBe(0);
  expect(readFileSync(file, "utf8")).toBe("made");
});
