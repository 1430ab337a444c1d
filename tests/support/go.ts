import { spawnSync } from "node:child_process";
import { join } from "node:path";

const setup = join(__dirname, "../../offline/toolchain/setup");

/** Whether this machine has a Go that builds the programs of offline/toolchain: an older one is there, but is of no use. */
export const canBuild = spawnSync(setup, ["can-build"]).status === 0;
