import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { cacheDir } from "../../../images/docker";
import type { Engine } from "../../engine/support/machines/docker-host";

/** The machine's own engine, with what a new installation has: containerd's image store. */
export const current: Engine = {};

/** The image store that an engine keeps which was upgraded from before 29. */
export const overlay2: Engine = {
  options: ["--feature", "containerd-snapshotter=false", "--storage-driver", "overlay2"],
};

/** The lowest API version that 29.0 spoke; later ones went down to 1.40 again. */
export const apiFloor: Engine = { environment: { DOCKER_MIN_API_VERSION: "1.44" } };

/** Debian 12's own engine, unpacked into the cache and not installed: its packages and the machine's would exclude each other. */
export function debian12(): Engine {
  const folder = join(cacheDir(), "docker-engine-20.10");
  if (!existsSync(folder)) {
    const work = mkdtempSync(`${folder}.`);
    mkdirSync(join(work, "root"));
    const script =
      'apt-get update >/dev/null && apt-get download docker.io containerd runc && for each in *.deb; do dpkg -x "$each" root; done';
    execFileSync("sh", ["-c", script], { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
    // Somebody else may have been quicker.
    if (!existsSync(folder)) renameSync(join(work, "root"), folder);
    rmSync(work, { recursive: true, force: true });
  }
  return { programs: [join(folder, "usr/sbin"), join(folder, "usr/bin")] };
}
