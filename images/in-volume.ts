import { askCli, type CliAnswer } from "../host/asking/cli";

/** Asks the Docker CLI; another one in tests. */
export type Docker = (...args: string[]) => CliAnswer;

/** Seconds that an answer may take. */
const patience = 20;

/** The Docker CLI. An answer that takes longer than 20 seconds is none. */
export function dockerCli(dockerHost: string | undefined): Docker {
  return (...args) => askCli(args, dockerHost, patience);
}

/**
 * Arguments of the Docker CLI that look into a volume from a container that is gone afterwards. It may read every file of
 * the volume, whatever number its owner has, and can do nothing else. Its image is never pulled for it.
 *
 * @param image one with a shell and what the script calls
 * @param path where the script finds the volume
 */
export function inVolume(image: string, volume: string, path: string, script: string): string[] {
  return looking(image, script, ["--mount", `type=volume,source=${volume},target=${path},readonly`]);
}

/** Arguments of the Docker CLI that look into an image, in the same way. */
export function withoutVolume(image: string, script: string): string[] {
  return looking(image, script, []);
}

function looking(image: string, script: string, mounts: string[]): string[] {
  const limits = ["--network", "none", "--log-driver", "none", "--memory", "64m", "--pids-limit", "64"];
  const rights = ["--user", "0", "--cap-drop", "ALL", "--cap-add", "DAC_OVERRIDE"];
  return [
    ...["run", "--rm", "--pull", "never", "--label", "dating.job=look", ...limits, ...rights],
    ...["--security-opt", "no-new-privileges", "--read-only"],
    ...[...mounts, "--entrypoint", "sh", image, "-c", script],
  ];
}
