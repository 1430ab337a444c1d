import { readPlan, type Beside } from "./plan";
import { exchangeScript } from "./script";
import { helper } from "../helper";
import { psql } from "../psql";
import { serverOf, setsOf } from "../restore-database";
import type { Target } from "../target";

/** What a disk has left that volumes are on. */
export interface Space {
  /** Volumes with the same one are on the same disk. */
  device: string;
  bytes: number;
  /** Files and folders that can be made; undefined where the filesystem has no limit. */
  inodes: number | undefined;
}

/** What a stack has on its Docker host for a restore, and beside what is in use. */
export interface Seen {
  beside: Beside;
  /** Of each volume that is there, by its logical name. */
  space: Record<string, Space>;
  /** Why the database does not answer. */
  silence?: Error;
}

/**
 * Looks at all volumes of a stack and at its databases.
 *
 * @throws Error where Docker cannot be asked
 */
export async function look(target: Target): Promise<Seen> {
  const { docker } = target;
  const names = (await docker.text(["volume", "ls", "--format", "{{.Name}}"])).split("\n");
  // A mount would make the volume that is not there.
  const there = Object.keys(target.volumes).filter((volume) => names.includes(target.volumes[volume]!));
  const run = helper(target, { volumes: there, readOnly: true }, exchangeScript, ["look"]);
  const lines = (await docker.text(run)).split("\n").map((line) => line.split(" "));
  const volumes: Beside["volumes"] = Object.fromEntries(there.map((volume) => [volume, []]));
  for (const [kind, volume, name, ...about] of lines)
    if (kind === "set") volumes[volume!]!.push({ name: name!, plan: readPlan(about.join(" ")) });
  const space = Object.fromEntries(
    lines
      .filter(([kind]) => kind === "space")
      .map(([, volume, device, ...disk]) => {
        const [blocks, blockSize, allInodes, inodes] = disk.map(Number) as [number, number, number, number];
        return [
          volume!,
          { device: device!, bytes: blocks * blockSize, inodes: allInodes > 0 ? inodes : undefined },
        ];
      }),
  );
  try {
    const server = serverOf(target);
    await psql(server, "postgres", "SELECT 1");
    return { beside: { volumes, databases: await setsOf(server, target.database.name) }, space };
  } catch (error) {
    return { beside: { volumes, databases: undefined }, space, silence: error as Error };
  }
}
