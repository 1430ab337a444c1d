import { projectName } from "../../config/project";
import type { StackFile } from "../stack/file";
import type { Release } from "./history";
import { releaseKeys } from "./keys";

/**
 * Writes a release into a stack's file. A key that has an encrypted value stays as it is, and so does one that had one then: nobody
 * knows it any more.
 *
 * @returns what changes, for people
 */
export function describeRelease(file: StackFile, { settings, images, hidden = [] }: Release): string[] {
  const changes: string[] = [];
  const change = (value: unknown, ...path: string[]) => {
    const present = path[0] === "images" ? file.entries("images")[path[1]!] : plain(file.get(path[0]!));
    if (JSON.stringify(present) === JSON.stringify(value)) return;
    if (value === undefined) file.remove(...path);
    else file.set(value, ...path);
    changes.push(`${projectName}:${path.join(".")}: ${text(present)} → ${text(value)}`);
  };
  for (const key of releaseKeys) {
    if (file.isSecret(key) || hidden.includes(key)) {
      changes.push(
        `${projectName}:${key} stays as it is: it has an encrypted value, or had one in that release`,
      );
      continue;
    }
    change(settings[key], key);
  }
  for (const [name, image] of Object.entries(images ?? {})) change(image, "images", name);
  return changes;
}

/** As Pulumi's history has values: text, or a structure. */
function plain(value: unknown): unknown {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}

function text(value: unknown): string {
  return value === undefined ? "the default" : typeof value === "string" ? value : JSON.stringify(value);
}
