import { imageNames, keys } from "../../config/keys";
import { projectName } from "../../config/project";
import { releaseKeys } from "../releases/keys";
import type { StackFile } from "../stack/file";
import { configured, type Deployment } from "./deployment";
import type { Change } from "./record";

/**
 * Puts the images and the settings of a release, as a deployment had them, into another stack's file, which is not saved yet.
 *
 * @returns what differs from before; nothing when the stack has it all
 * @throws Error when a setting of a release has an encrypted value on either side: it could not be told, and would be lost
 */
export function applySettings(
  file: StackFile,
  images: Record<string, string>,
  deployment: Deployment,
): Change[] {
  const before = file.entries("images");
  const changes: Change[] = [];
  for (const name of imageNames) {
    const image = images[name];
    if (image === undefined || image === before[name]) continue;
    changes.push({ key: `images.${name}`, before: before[name], after: image });
    file.set(image, "images", name);
  }
  requireOpen(file, deployment);
  for (const key of releaseKeys) {
    const wanted = configured(deployment, key);
    const own = file.value(key);
    if (textOf(wanted ?? standard(key)) === textOf(own ?? standard(key))) continue;
    changes.push({ key, before: textOf(own), after: textOf(wanted) });
    // The default, too, travels: as no value of its own.
    if (wanted === undefined) file.remove(key);
    else file.set(wanted, key);
  }
  return changes;
}

function requireOpen(file: StackFile, { config }: Deployment): void {
  const problems = releaseKeys.flatMap((key) => [
    ...(config[`${projectName}:${key}`]?.secret
      ? [
          `what is promoted was deployed with an encrypted value in ${projectName}:${key}; deploy it again without`,
        ]
      : []),
    ...(file.isSecret(key)
      ? [`Pulumi.${file.stack}.yaml has an encrypted value in ${projectName}:${key}`]
      : []),
  ]);
  if (problems.length > 0)
    throw new Error(
      [
        "an encrypted value is no setting of a release, and would be lost; nothing was changed.",
        ...problems.map((line) => `  ${line}`),
        `  It belongs to ${projectName}:botSecrets, which each stack has of its own:`,
        `    pulumi config set --stack STACK --secret --path '${projectName}:botSecrets.NAME'`,
      ].join("\n"),
    );
}

function standard(key: string): unknown {
  return keys.shape[key as keyof typeof keys.shape].safeParse(undefined).data;
}

/** One text for a value, whatever the order of its parts. */
function textOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const sorted = Object.entries(value as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted.map(([name, inner]) => [name, String(inner)]));
}
