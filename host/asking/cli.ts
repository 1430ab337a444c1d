import { spawnSync } from "node:child_process";

/** What a call of the Docker CLI gave. */
export interface CliAnswer {
  /** null where it was ended. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Milliseconds before each further try of a call that did not reach the engine. */
const pauses = [300, 1000, 3000];

/** What the CLI says where it got no answer, and not where it got one that it does not like. */
const noAnswer =
  /error during connect|cannot connect to the docker daemon|connection (reset|refused)|broken pipe|unexpected EOF|i\/o timeout/i;

/**
 * Calls the Docker CLI, and again where the engine did not answer for a moment: for questions, which change nothing.
 *
 * @param seconds that one call may take
 */
export function askCli(args: string[], dockerHost: string | undefined, seconds: number): CliAnswer {
  const env = { ...process.env, ...(dockerHost && { DOCKER_HOST: dockerHost }) };
  for (let turn = 0; ; turn++) {
    const { status, stdout, stderr, error } = spawnSync("docker", args, {
      ...{ encoding: "utf8", env, timeout: seconds * 1000 },
    });
    const said = error && !stderr ? error.message : stderr;
    if (status === 0 || !noAnswer.test(stderr) || turn === pauses.length)
      return { status, stdout, stderr: said };
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauses[turn]);
  }
}
