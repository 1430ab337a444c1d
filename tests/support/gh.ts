import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const cache = join(process.env.DATING_CACHE_DIR ?? join(homedir(), ".cache/dating-mini-app"), "gh");

/** GitHub's command line, as its runners have it: this machine's, else Debian's package of it, unpacked once; undefined where there is neither. */
export function findGh(): string | undefined {
  const own = spawnSync("sh", ["-c", "command -v gh"], { encoding: "utf8" }).stdout.trim();
  if (own !== "") return own;
  const program = join(cache, "usr/bin/gh");
  if (existsSync(program)) return program;
  mkdirSync(join(cache, ".."), { recursive: true });
  const work = mkdtempSync(`${cache}-`);
  try {
    execFileSync("apt-get", ["download", "gh"], { cwd: work, stdio: "ignore" });
    const [archive] = readdirSync(work);
    execFileSync("dpkg-deb", ["--extract", join(work, archive!), join(work, "gh")], { stdio: "ignore" });
    renameSync(join(work, "gh"), cache);
  } catch {
    // No Debian, or nothing to download from; or another test was quicker.
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return existsSync(program) ? program : undefined;
}
