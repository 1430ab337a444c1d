import type { HostAnswers } from "../asking/answers";
import type { Client } from "../asking/client";
import type { Finding } from "../finding";

/** Whether the Docker CLI of this machine gets along with the engine. */
export function judgeClient({ version }: HostAnswers, client: Client | undefined): Finding[] {
  if (client?.problem === undefined) return [];
  const own = client.version === undefined ? "" : ` ${client.version}`;
  return [
    {
      level: "refuse",
      what: `this machine's Docker CLI${own} and Docker Engine ${version.Version} do not get along`,
      why: client.problem.split("\n").at(-1)!,
      fix: `the engine speaks API ${version.MinAPIVersion ?? "1.24"} to ${version.ApiVersion}: install a CLI of its version, and unset DOCKER_API_VERSION`,
    },
  ];
}
