import { ask, type Deadline } from "../../hooks/lib/docker.mts";

/** The names of a swarm's nodes, by their ids. @throws CouldNotAsk */
export async function nodeNames(deadline: Deadline): Promise<Map<string, string>> {
  const listed = await ask(["node", "ls", "--format", "{{.ID}} {{.Hostname}}"], deadline);
  return new Map(
    listed
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" ", 2) as [string, string]),
  );
}
