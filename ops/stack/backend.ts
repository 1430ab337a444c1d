import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { stateFolder } from "./local-state";

/** Where the state of stacks is kept. */
export interface Backend {
  /** As PULUMI_BACKEND_URL has it. */
  url: string;
  /** It is the folder that this machine keeps for itself. */
  own: boolean;
}

/** The folder of this machine's own state. setup/environment makes it. */
export function ownStateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const state = env.XDG_STATE_HOME || join(homedir(), ".local/state");
  return join(state, "dating-mini-app/pulumi");
}

/**
 * The backend that `pulumi` uses: PULUMI_BACKEND_URL, else the one of `pulumi login`, else this machine's own folder.
 */
export function chosenBackend(env: NodeJS.ProcessEnv = process.env): Backend {
  const url = env.PULUMI_BACKEND_URL || loggedIn(env) || `file://${ownStateFolder(env)}`;
  return { url, own: stateFolder(url) === ownStateFolder(env) };
}

/** The backend in Pulumi's own notes of logins. */
function loggedIn(env: NodeJS.ProcessEnv): string | undefined {
  const home = env.PULUMI_CREDENTIALS_PATH || env.PULUMI_HOME || join(homedir(), ".pulumi");
  const file = join(home, "credentials.json");
  if (!existsSync(file)) return undefined;
  const { current } = JSON.parse(readFileSync(file, "utf8")) as { current?: string };
  return current || undefined;
}

/** A backend for people: without the options behind its address, nor a password in it. */
export function backendInWords({ url, own }: Backend): string {
  if (own) return "on this machine";
  const address = url.replace(/\?.*$/, "").replace(/\/\/[^/@]*@/, "//");
  return `in ${address.replace(/^https:\/\/api\.pulumi\.com\/?$/, "Pulumi Cloud")}`;
}
