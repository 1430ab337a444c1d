/** A resource as the engine is about to make it. */
export interface Subject {
  /** The stack's name: `dev`, `prod`, … */
  stack: string;
  /** Logical name of the resource. */
  name: string;
  /** Its inputs, in the provider's spelling. */
  props: Record<string, unknown>;
  /** Whether the engine refuses to delete it. */
  protect: boolean;
}

/** Something that holds for every resource of a type. */
export interface Rule {
  /** What `--policy-pack-config` and the engine's messages call it. */
  name: string;
  /** What has to hold, and why. */
  description: string;
  /** Type token of the resources that it is about. */
  type: string;
  /** What is wrong with a resource, each as a sentence that names what mends it; empty where the rule holds. */
  violations: (subject: Subject) => string[];
}

/** What a container's label says. */
export function labelOf({ props }: Subject, name: string): string | undefined {
  const labels = (props.labels ?? []) as { label: string; value: string }[];
  return labels.find(({ label }) => label === name)?.value;
}
