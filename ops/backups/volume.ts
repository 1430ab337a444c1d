import type { Readable } from "node:stream";

import { helper } from "./helper";
import type { VolumePart } from "./archives/manifest";
import { Meter, metered } from "./archives/progress";
import { usersOf, whileStopped } from "./services";
import type { ArchiveWriter } from "./archives/store";
import { realName, type Target } from "./target";

/** Volumes whose files are each written once, so that a copy of a moment is whole. All others are databases. */
const copiedWhileInUse = new Set(["photo_storage", "traefik_certs"]);

/**
 * Packs a volume into an archive. Services that keep a database in it are stopped meanwhile.
 *
 * @param stop stop the services of any volume
 */
export async function packVolume(
  target: Target,
  volume: string,
  archive: ArchiveWriter,
  stop: boolean,
): Promise<VolumePart> {
  const { docker } = target;
  const file = `${volume}.tar.zst`;
  const meter = new Meter(`volume ${volume}`);
  let said = "";
  const pack = async (aborted: AbortSignal) => {
    const script = `set -euo pipefail; cd /volumes/${volume}
      echo "bytes $(du --summarize --block-size 1 --exclude ./.restore . | cut --fields 1)" >&2
      tar --create --numeric-owner --sort=name --xattrs --exclude=./.restore \\
        --verbose --index-file=/dev/fd/3 . 3> >(wc -l >&2) | zstd -3 --quiet`;
    const run = helper(target, { volumes: [volume], readOnly: true }, script);
    const output = docker.endedBy(aborted).read(run, "", (messages) => (said = messages));
    await archive.write(file, metered(output, meter));
  };
  const users = stop || !copiedWhileInUse.has(volume) ? await usersOf(docker, realName(target, volume)) : [];
  const away = await whileStopped(docker, users, pack);
  const entries = Number(said.trim().split("\n").at(-1));
  const unpackedBytes = Number(/^bytes (\d+)$/m.exec(said)?.[1]);
  meter.finish(
    `${entries} files${users.length > 0 ? `, ${users.join(", ")} away for ${away.toFixed(1)} s` : ""}`,
  );
  const digest = { bytes: meter.bytes, sha256: meter.sha256() };
  return { kind: "volume", file, ...digest, volume, entries, unpackedBytes };
}

/** Reads a packed volume to its end: what is in it, and the bytes that its files take on a disk with blocks of 4 KiB. */
export async function measure(
  target: Target,
  content: Readable,
): Promise<{ entries: number; unpackedBytes: number }> {
  const script = `set -euo pipefail; zstd --decompress --stdout | tar --list --verbose |
    awk '{ entries++; bytes += 4096 * (1 + int(($3 + 4095) / 4096)) } END { printf "%d %.0f\\n", entries, bytes }'`;
  const counted = await target.docker.text(helper(target, { volumes: [] }, script), content);
  const [entries, unpackedBytes] = counted.split(" ").map(Number) as [number, number];
  return { entries, unpackedBytes };
}
