import type { Readable } from "node:stream";

import type { Space } from "./exchange/look";
import { databaseOf, volumesOf, type Manifest, type VolumePart } from "./archives/manifest";
import { size } from "./archives/progress";
import type { Target } from "./target";
import { measure } from "./volume";

/** More than the database had on its server: indexes are built with temporary files. */
const databaseFactor = 1.3;
/** More than the files had: another filesystem has other blocks. */
const volumeFactor = 1.05;

/** What is written to a volume's disk. */
export interface Need {
  volume: string;
  bytes: number;
  /** Files and folders. */
  inodes: number;
}

/**
 * What restoring an archive writes, beside all that is there.
 *
 * @param content of a part, for an archive that does not tell how large it is when it is unpacked
 */
export async function needsOf(
  target: Target,
  manifest: Manifest,
  content: (part: VolumePart) => Readable,
): Promise<Need[]> {
  const needs: Need[] = [];
  for (const part of volumesOf(manifest)) {
    const { unpackedBytes } = part.unpackedBytes === undefined ? await measure(target, content(part)) : part;
    needs.push({ volume: part.volume, bytes: unpackedBytes! * volumeFactor, inodes: part.entries });
  }
  const database = databaseOf(manifest);
  if (database)
    needs.push({ volume: "postgres_data", bytes: database.databaseBytes * databaseFactor, inodes: 0 });
  return needs;
}

/** The disks that have too little room, in words; volumes on one disk share it. */
export function lacking(needs: readonly Need[], space: Readonly<Record<string, Space>>): string[] {
  const devices = [...new Set(needs.flatMap(({ volume }) => space[volume]?.device ?? []))];
  return devices.flatMap((device) => {
    const here = needs.filter(({ volume }) => space[volume]?.device === device);
    const { bytes: free, inodes: left } = space[here[0]!.volume]!;
    const bytes = here.reduce((sum, need) => sum + need.bytes, 0);
    const inodes = here.reduce((sum, need) => sum + need.inodes, 0);
    const where = here.map(({ volume }) => volume).join(", ");
    return [
      ...(bytes > free
        ? [`about ${size(bytes)} are needed on the disk of ${where}, and ${size(free)} are free`]
        : []),
      ...(left !== undefined && inodes > left
        ? [`${inodes} files are needed on the disk of ${where}, and there is room for ${left}`]
        : []),
    ];
  });
}
