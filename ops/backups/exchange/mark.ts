import { restoreLabel } from "../../../host/marks/unfinished-restore";
import { readPlan, type Plan } from "./plan";
import type { Target } from "../target";

/** That an exchange was begun: what it is, and the containers that it stops. */
export interface Mark {
  plan: Plan;
  services: string[];
}

const nameOf = ({ prefix }: Target) => `${prefix}-restore`;

/** Marks an exchange as begun, on the Docker host, for whoever comes when this command was killed. */
export async function putMark(target: Target, { plan, services }: Mark): Promise<void> {
  const labels = [
    `${restoreLabel}=${target.prefix}`,
    `${restoreLabel}.plan=${JSON.stringify(plan)}`,
    `${restoreLabel}.services=${services.join(" ")}`,
  ];
  await target.docker.undisturbed.text([
    ...["create", "--name", nameOf(target), "--network", "none", "--log-driver", "none"],
    ...labels.flatMap((label) => ["--label", label]),
    ...["--entrypoint", "true", target.images.backup],
  ]);
}

/** @returns undefined where no exchange was begun. @throws Error where Docker cannot be asked */
export async function findMark(target: Target): Promise<Mark | undefined> {
  const listed = await target.docker.text([
    ...["ps", "--all", "--no-trunc", "--filter", `label=${restoreLabel}=${target.prefix}`],
    ...["--format", `{{.Label "${restoreLabel}.plan"}}\t{{.Label "${restoreLabel}.services"}}`],
  ]);
  const [text = "", services = ""] = listed.split("\t");
  const plan = readPlan(text);
  return plan && { plan, services: services.split(" ").filter(Boolean) };
}

/** Takes the mark away, where there is one. */
export async function removeMark(target: Target): Promise<void> {
  await target.docker.undisturbed.text(["rm", "--force", nameOf(target)]).catch((error: unknown) => {
    if (!/no such container/i.test((error as Error).message)) throw error;
  });
}
