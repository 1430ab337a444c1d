/** A node of a swarm in `GET /nodes`, as far as it is read. */
export interface SwarmNode {
  ID: string;
  Spec: { Role: string; Availability: string; Labels: Record<string, string> | null };
  Description: { Hostname: string };
  Status: { State: string };
}

/** The label of the one node that has a stack's data, its edge's ports, and the engine that commands ask. */
export const dataLabel = (prefix: string) => `${prefix}.data`;
