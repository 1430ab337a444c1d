import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { stateOnlyVariable } from "../../host/state-only";
import { projectRoot } from "../../images/content";
import { backendInWords, chosenBackend } from "../stack/backend";
import { OperatorError } from "../stack/errors";
import { openUnknownSecrets } from "./plan";
import { withBrokenRules } from "./risk/rules";

/** What is deployed beside what the checkout changes. A preview and the deploy that follows it have the same. */
export interface Deploying {
  /** The stack's file, where it is another than `Pulumi.STACK.yaml`. */
  configFile?: string;
  /** Look first at what there really is. */
  refresh?: boolean;
  /** URNs of what is made anew, whether it changes or not. */
  replace?: readonly string[];
  /** URNs of what is left alone. */
  exclude?: readonly string[];
}

/** What a preview is to do beside being shown. */
export interface PreviewOptions extends Deploying {
  /** Where the plan is written to. */
  plan?: string;
  /** Ask nothing but the state. @default false */
  stateOnly?: boolean;
}

/** The same for the CLI. */
export function deployingOptions({
  configFile,
  refresh = false,
  replace = [],
  exclude = [],
}: Deploying): string[] {
  return [
    ...(configFile === undefined ? [] : ["--config-file", configFile]),
    ...(refresh ? ["--refresh"] : []),
    ...replace.flatMap((urn) => ["--replace", urn]),
    ...exclude.flatMap((urn) => ["--exclude", urn]),
  ];
}

/**
 * Asks the engine what a deploy would change.
 *
 * @returns what it prints as JSON, also when it refuses: the reasons are in it
 * @throws OperatorError where there is no such stack
 * @throws Error when there is no preview at all
 */
export function runPreview(stack: string, { plan, stateOnly, ...deploying }: PreviewOptions = {}): string {
  const args = [
    ...["preview", "--json", "--non-interactive", "--stack", stack, "--policy-pack", "policy"],
    ...(plan === undefined ? [] : ["--save-plan", plan]),
    ...deployingOptions(deploying),
  ];
  const folder = mkdtempSync(join(tmpdir(), "dating-preview-"));
  try {
    const log = join(folder, "events");
    const { stdout, stderr, error } = spawnSync("pulumi", [...args, "--event-log", log], {
      cwd: projectRoot,
      encoding: "utf8",
      maxBuffer: 256 * 1024 * 1024,
      env: {
        ...process.env,
        // The option is there for the Automation API, which sets this, too.
        PULUMI_DEBUG_COMMANDS: "true",
        ...(plan && { PULUMI_EXPERIMENTAL: "true" }),
        ...(stateOnly && { [stateOnlyVariable]: "1" }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (error) throw error;
    if (/no stack named/i.test(stderr))
      throw new OperatorError(
        `there is no stack ${stack} in the state ${backendInWords(chosenBackend())}. Make it: ./dating init ${stack}; or choose the backend ` +
          "that has it: PULUMI_BACKEND_URL",
      );
    if (!stdout.includes("{")) throw new Error(`the engine gave no preview of ${stack}: ${stderr.trim()}`);
    if (plan && existsSync(plan)) openUnknownSecrets(plan);
    const events = existsSync(log) ? readFileSync(log, "utf8") : "";
    return withBrokenRules(stdout.slice(stdout.indexOf("{")), events);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Every secret of a stack, of its configuration and its state: to be taken out of what is shown, and for nothing else.
 *
 * @param configFile the stack's file, where it is another than `Pulumi.STACK.yaml`
 */
export function secretValues(stack: string, configFile?: string): string[] {
  const file = deployingOptions({ configFile });
  const config = JSON.parse(
    pulumi("config", "--json", "--show-secrets", "--stack", stack, ...file),
  ) as Record<string, { value?: string; secret: boolean }>;
  const state = pulumi("stack", "export", "--show-secrets", "--stack", stack);
  return [
    ...Object.values(config).flatMap(({ secret, value }) => (secret && value ? partsOf(value) : [])),
    ...[...state.matchAll(/"plaintext":\s*("(?:[^"\\]|\\.)*")/g)].flatMap(([, text = '""']) =>
      strings(JSON.parse(JSON.parse(text) as string)),
    ),
  ];
}

/** A secret's text; of a structured one, which is handed over as JSON, each part by itself, too. */
export function partsOf(secret: string): string[] {
  try {
    const value: unknown = JSON.parse(secret);
    return value !== null && typeof value === "object" ? [secret, ...strings(value)] : [secret];
  } catch {
    return [secret];
  }
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(strings);
}

function pulumi(...args: string[]): string {
  return execFileSync("pulumi", args, {
    cwd: projectRoot,
    env: process.env,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"],
  });
}
