import { realName, type Target } from "./target";

/** What a container for a script gets. */
interface Given {
  /** Logical names of volumes: each is at `/volumes/NAME`. */
  volumes: readonly string[];
  /** @default false */
  readOnly?: boolean;
  /** What it does to the stack's volumes: by that it is found when whoever began it is gone. */
  step?: HelperStep;
}

type HelperStep = "unpack" | "exchange";

/** The label of a container that changes a stack's volumes: its value is the first part of the stack's names. */
const helperLabel = "dating.restore.helper";
/** The label that says what it does. */
const stepLabel = "dating.restore.step";

/**
 * Docker's arguments that run a script beside a stack's volumes, without a network.
 *
 * @param args what the script finds as `$1` and so on
 */
export function helper(
  target: Target,
  { volumes, readOnly = false, step }: Given,
  script: string,
  args: readonly string[] = [],
): string[] {
  // Files of any owner are read, written and given their owner; nothing else is possible.
  const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER"].flatMap((name) => ["--cap-add", name]);
  const labels = step
    ? ["--label", `${helperLabel}=${target.prefix}`, "--label", `${stepLabel}=${step}`]
    : [];
  const mounts = volumes.flatMap((volume) => {
    const to = `target=/volumes/${volume},volume-nocopy${readOnly ? ",readonly" : ""}`;
    return ["--mount", `type=volume,source=${realName(target, volume)},${to}`];
  });
  return [
    ...["run", "--rm", "--interactive", "--init", "--log-driver", "none", "--label", "dating.job=backup"],
    ...["--network", "none", "--read-only", "--tmpfs", "/tmp", "--user", "0", "--cap-drop", "ALL"],
    ...[...capabilities, "--security-opt", "no-new-privileges", "--memory", "256m", "--memory-swap", "256m"],
    ...["--pids-limit", "256", ...labels, ...mounts],
    ...["--entrypoint", "bash", target.images.backup, "-c", script, "-", ...args],
  ];
}

/**
 * Waits until nothing changes a stack's volumes that an ended command has begun: such a container goes on by itself. One that
 * only unpacks has lost its input, and is removed, as is one that was never started.
 */
export async function awaitHelpers({ docker, prefix }: Target): Promise<void> {
  const listed = await docker.text([
    ...["ps", "--all", "--no-trunc", "--filter", `label=${helperLabel}=${prefix}`],
    ...["--format", `{{.ID}} {{.State}} {{.Label "${stepLabel}"}}`],
  ]);
  for (const [id, status, step] of listed
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(" ") as [string, string, HelperStep]))
    await docker
      .text(step === "exchange" && status === "running" ? ["wait", id] : ["rm", "--force", id])
      .catch((error: unknown) => {
        // It has ended, and is gone or about to be.
        if (!/no such container|already in progress/i.test((error as Error).message)) throw error;
      });
}
