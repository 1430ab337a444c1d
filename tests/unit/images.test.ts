import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { imageNames as configured } from "../../config/keys";
import { contentFiles, contentHash, imageNames, localImage, projectRoot } from "../../images/content";
import { filesOf, tar } from "../../images/context";

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
  for (const path of ["images/cadvisor", "migrations", "toolchain/services/cadvisor"])
    cpSync(join(projectRoot, path), join(folder, path), { recursive: true });
  const before = localImage("cadvisor", folder);
  expect(before).toBe(localImage("cadvisor"));
  writeFileSync(join(folder, "toolchain/services/cadvisor/ldflags"), "-X a=b");
  expect(localImage("cadvisor", folder)).not.toBe(before);
});

test("a new revision needs no new runner image", () => {
  mkdirSync(join(folder, "images"));
  cpSync(join(projectRoot, "migrations"), join(folder, "migrations"), { recursive: true });
  const before = localImage("migrations", folder);
  writeFileSync(join(folder, "migrations/versions/004_more.py"), "");
  expect(localImage("migrations", folder)).toBe(before);
});

test("every image of the stack has a source here, and every source is an image of the stack", () => {
  expect([...configured].sort()).toEqual(imageNames());
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
