import { askCli } from "./cli";

/** The Docker CLI of this machine, with which hooks and commands talk to the engine. */
export interface Client {
  version?: string;
  /** The version of the API that it and the engine agreed on. */
  apiVersion?: string;
  /** Why it gets no answer, where it gets none. */
  problem?: string;
}

/** Lets the Docker CLI agree with the engine on an API version: each refuses the other's when that is too old. */
export function askClient(dockerHost: string | undefined): Client {
  const { status, stderr, stdout } = askCli(["version", "--format", "{{json .Client}}"], dockerHost, 30);
  const { Version, ApiVersion } = parse(stdout);
  return {
    version: Version,
    apiVersion: ApiVersion,
    problem: status === 0 ? undefined : stderr.trim(),
  };
}

function parse(text: string): { Version?: string; ApiVersion?: string } {
  try {
    return JSON.parse(text) as { Version?: string; ApiVersion?: string };
  } catch {
    return {};
  }
}
