import type { Readable } from "node:stream";

import type { DockerCli } from "./docker";
import { BackupError, type VolumePart } from "./manifest";
import { Meter, metered } from "./progress";
import { usersOf, whileStopped } from "./services";
import type { ArchiveWriter } from "./store";
import type { Target } from "./target";

/** Volumes whose files are each written once, so that a copy of a moment is whole. All others are databases. */
const copiedWhileInUse = new Set(["photo_storage", "traefik_certs"]);

/** Below the volume's root: what is being restored, and what it takes the place of. */
const staged = ".restore-new";
const replaced = ".restore-old";

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
  let entries = 0;
  const pack = async () => {
    const script = `set -euo pipefail
      tar --create --numeric-owner --sort=name --xattrs --exclude=./${staged} --exclude=./${replaced} \\
        --verbose --index-file=/dev/fd/3 --directory /volume . 3> >(wc -l >&2) | zstd -3 --quiet`;
    const output = inVolume(docker, target, volume, { script, readOnly: true }, "", (said) => {
      entries = Number(said.trim().split("\n").at(-1));
    });
    await archive.write(file, metered(output, meter));
  };
  const users = stop || !copiedWhileInUse.has(volume) ? await usersOf(docker, realName(target, volume)) : [];
  const away = await whileStopped(docker, users, pack);
  meter.finish(
    `${entries} files${users.length > 0 ? `, ${users.join(", ")} away for ${away.toFixed(1)} s` : ""}`,
  );
  return { kind: "volume", file, bytes: meter.bytes, sha256: meter.sha256(), volume, entries };
}

/** Reads a packed volume to its end and counts what is in it. */
export async function countEntries(target: Target, content: Readable): Promise<number> {
  const script = "set -euo pipefail; zstd --decompress --stdout | tar --list | wc -l";
  return Number(await target.docker.text(helper(target, [], script), content));
}

/**
 * Puts a packed volume in the place of what is in a volume. It is unpacked beside it first; its services are stopped
 * only while the two change places, and what was there is removed when they are healthy again.
 *
 * @param content the part's content; it fails at its end where it is not what the manifest says
 */
export async function unpackVolume(target: Target, volume: string, content: Readable): Promise<void> {
  const { docker } = target;
  const change = (script: string, input: string | Readable = "") =>
    drain(
      inVolume(
        docker,
        target,
        volume,
        { script: `set -euo pipefail; cd /volume; ${script}`, readOnly: false },
        input,
      ),
    );
  const unpack = `rm -rf ${staged}; test ! -e ${replaced} || { echo "an earlier restore left ${replaced}" >&2; exit 1; }
    mkdir ${staged}; zstd --decompress --stdout |
    tar --extract --numeric-owner --same-permissions --xattrs --directory ${staged}; sync -f .`;
  const exchange = (from: string, to: string) => `mkdir -p ${to}
    find . -mindepth 1 -maxdepth 1 ! -name ${staged} ! -name ${replaced} -exec mv -t ${to} {} +
    find ${from} -mindepth 1 -maxdepth 1 -exec mv -t . {} +`;
  try {
    await change(unpack, content);
  } catch (error) {
    await change(`rm -rf ${staged}`);
    throw error;
  }
  const users = await usersOf(docker, realName(target, volume));
  const away = await whileStopped(docker, users, async () => {
    // The root keeps owner, permissions and time of the packed one.
    await change(`stat --format '%y' ${staged} >/tmp/time
      chown --reference=${staged} .; chmod --reference=${staged} .
      ${exchange(staged, replaced)}; rmdir ${staged}; touch --date="$(cat /tmp/time)" .`);
  });
  await change(`time=$(stat --format '%y' .); rm -rf ${replaced}; touch --date="$time" .`);
  console.error(
    users.length > 0 ? `  ${users.join(", ")} away for ${away.toFixed(1)} s` : "  nothing used the volume",
  );
}

/** A volume's real name. */
export function realName(target: Target, volume: string): string {
  const name = target.volumes[volume];
  if (name) return name;
  const known = Object.keys(target.volumes).sort().join(", ");
  throw new BackupError(
    `Stack ${target.stack} has no volume ${volume}: there are ${known}. Nothing was changed.`,
  );
}

/** Runs a script with a volume at /volume, without a network. */
function inVolume(
  docker: DockerCli,
  target: Target,
  volume: string,
  { script, readOnly }: { script: string; readOnly: boolean },
  input: string | Readable,
  messages?: (text: string) => void,
): Readable {
  const options = readOnly ? ",readonly,volume-nocopy" : ",volume-nocopy";
  const mount = `type=volume,source=${realName(target, volume)},target=/volume${options}`;
  return docker.read(helper(target, ["--mount", mount], script), input, messages);
}

function helper(target: Target, options: string[], script: string): string[] {
  // Files of any owner are read, written and given their owner; nothing else is possible.
  const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER"].flatMap((name) => ["--cap-add", name]);
  return [
    ...["run", "--rm", "--interactive", "--init", "--log-driver", "none", "--label", "dating.job=backup"],
    ...["--network", "none", "--read-only", "--tmpfs", "/tmp", "--user", "0", "--cap-drop", "ALL"],
    ...[...capabilities, "--security-opt", "no-new-privileges", "--memory", "256m", "--memory-swap", "256m"],
    ...["--pids-limit", "256"],
    ...[...options, "--entrypoint", "bash", target.images.backup, "-c", script],
  ];
}

async function drain(output: Readable): Promise<void> {
  for await (const chunk of output) process.stderr.write(chunk as Buffer);
}
