import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

import { projectRoot } from "../../images/content";
import { openUnknownSecrets } from "./plan";

/** What a preview is to do beside being shown. */
export interface PreviewOptions {
  /** Where the plan is written to. */
  plan?: string;
  /** The stack's file, where it is another than `Pulumi.STACK.yaml`. */
  configFile?: string;
}

/**
 * Asks the engine what a deploy would change.
 *
 * @returns what it prints as JSON, also when it refuses: the reasons are in it
 * @throws Error when there is no preview at all
 */
export function runPreview(stack: string, { plan, configFile }: PreviewOptions = {}): string {
  const args = [
    ...["preview", "--json", "--non-interactive", "--stack", stack, "--policy-pack", "policy"],
    ...(plan === undefined ? [] : ["--save-plan", plan]),
    ...(configFile === undefined ? [] : ["--config-file", configFile]),
  ];
  const { stdout, stderr, error } = spawnSync("pulumi", args, {
    cwd: projectRoot,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    env: plan ? { ...process.env, PULUMI_EXPERIMENTAL: "true" } : process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error) throw error;
  if (!stdout.includes("{")) throw new Error(`the engine gave no preview of ${stack}: ${stderr.trim()}`);
  if (plan && existsSync(plan)) openUnknownSecrets(plan);
  return stdout.slice(stdout.indexOf("{"));
}

/** Every secret of a stack, of its configuration and its state: to be taken out of what is shown, and for nothing else. */
export function secretValues(stack: string): string[] {
  const config = JSON.parse(pulumi("config", "--json", "--show-secrets", "--stack", stack)) as Record<
    string,
    { value?: string; secret: boolean }
  >;
  const state = pulumi("stack", "export", "--show-secrets", "--stack", stack);
  return [
    ...Object.values(config).flatMap(({ secret, value }) => (secret && value ? [value] : [])),
    ...[...state.matchAll(/"plaintext":\s*("(?:[^"\\]|\\.)*")/g)].flatMap(([, text = '""']) =>
      strings(JSON.parse(JSON.parse(text) as string)),
    ),
  ];
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(strings);
}

function pulumi(...args: string[]): string {
  return execFileSync("pulumi", args, {
    cwd: projectRoot,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"],
  });
}
