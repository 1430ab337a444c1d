import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { isMap, isNode, parseDocument, type Document } from "yaml";

import { projectName } from "../../config/project";
import { hasEncrypted, isEncrypted } from "../../config/storage";
import { keys, type LogCollector, type PostgresVersion } from "../../config/keys";
import { projectRoot } from "../../images/content";
import { OperatorError } from "./errors";
import { insteadOf } from "./names";

/**
 * A stack's file `Pulumi.STACK.yaml`. It is read and changed as a file, with its comments and without the stack's
 * backend, so that also who may not deploy a stack can propose a change to it.
 */
export class StackFile {
  readonly path: string;
  private readonly document: Document;

  /** @throws when the stack has no file, or it is not YAML */
  constructor(
    readonly stack: string,
    root: string = projectRoot,
  ) {
    this.path = join(root, `Pulumi.${stack}.yaml`);
    if (!existsSync(this.path))
      throw new Error(`stack ${stack} has no file Pulumi.${stack}.yaml. ${insteadOf(stack, root)}`);
    this.document = parseDocument(readFileSync(this.path, "utf8"));
    const [problem] = this.document.errors;
    if (problem) throw new Error(`Pulumi.${stack}.yaml: ${problem.message}`);
  }

  /** The value of a key of the project, as in `"domain"`; a part of a structured one by its path. */
  get(...path: string[]): unknown {
    return this.document.getIn(this.inner(path)) ?? undefined;
  }

  /** The project's keys that the file has. */
  keys(): string[] {
    const config = this.document.get("config");
    const all = isMap(config) ? Object.keys(config.toJSON() as object) : [];
    return all
      .filter((key) => key.startsWith(`${projectName}:`))
      .map((key) => key.slice(`${projectName}:`.length));
  }

  /** Whether a key's value, or one part of it, is stored encrypted; of the whole, whether any part is. */
  isSecret(key: string, part?: string): boolean {
    const value = this.value(key);
    return hasEncrypted(part === undefined ? value : (value as Record<string, unknown> | undefined)?.[part]);
  }

  /** The value of a key; a structured one that is written as JSON in one text, too. */
  value(key: string): unknown {
    const node: unknown = this.document.getIn(this.inner([key]));
    return isNode(node) ? (node.toJSON() as unknown) : structured(node);
  }

  /** The names of a structured key's parts; none where it is encrypted as a whole. */
  parts(key: string): string[] {
    const value = this.value(key);
    return isEncrypted(value) ? [] : Object.keys(value ?? {});
  }

  /** The parts of a structured key, as text. */
  entries(key: string): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.value(key) ?? {}).map(([name, part]) => [name, String(part)]),
    );
  }

  set(value: unknown, ...path: string[]): void {
    if (path.length > 1) this.expand(path[0]!);
    this.document.setIn(this.inner(path), value);
  }

  remove(...path: string[]): void {
    if (this.document.hasIn(this.inner(path))) this.document.deleteIn(this.inner(path));
  }

  /** The file's text with every change, lines left as long as they are. */
  text(): string {
    return this.document.toString({ lineWidth: 0 });
  }

  save(): void {
    writeFileSync(this.path, this.text());
  }

  /** Makes a map of a structured key that is written as JSON in one text, so that a part of it can be changed. */
  private expand(key: string): void {
    const value = this.value(key);
    if (typeof this.get(key) === "string" && typeof value === "object") {
      this.document.setIn(this.inner([key]), this.document.createNode(value));
    }
  }

  private inner([key, ...rest]: string[]): string[] {
    return ["config", `${projectName}:${key}`, ...rest];
  }
}

/** The version of Postgres that a stack's file names; a new stack's, where it names none. */
export function postgresVersionIn(file: StackFile | undefined): PostgresVersion {
  return keys.shape.postgresVersion.parse((file?.get("postgresVersion") as string | undefined)?.toString());
}

/** The log collector that a stack's file names; a new stack's, where it names none. */
export function logCollectorIn(file: StackFile | undefined): LogCollector {
  return keys.shape.logCollector.parse(file?.get("logCollector"));
}

/**
 * Of how many releases a stack's file keeps the images.
 *
 * @throws OperatorError where it is no such number
 */
export function keepReleasesIn(file: StackFile): number {
  const { data, error } = keys.shape.keepReleases.safeParse(file.get("keepReleases")?.toString());
  if (data !== undefined) return data;
  throw new OperatorError(
    `${projectName}:keepReleases ${error.issues[0]!.message}: pulumi config set --stack ${file.stack} ${projectName}:keepReleases 5`,
  );
}

function structured(value: unknown): unknown {
  if (typeof value !== "string" || !value.trimStart().startsWith("{")) return value ?? undefined;
  return JSON.parse(value) as unknown;
}
