import { outward } from "../config/networks";
import { scratchLabel } from "../config/volumes";
import { labelOf, type Rule } from "./rule";

/** What volumes and networks keep to. */
export const storageRules: Rule[] = [
  {
    name: "protected-volume",
    description: "A data volume is not deleted by a deploy: the engine refuses while it is protected.",
    type: "docker:index/volume:Volume",
    violations: (subject) =>
      subject.protect || labelOf(subject, scratchLabel)
        ? []
        : ["can be deleted with all its data: set the option protect (and retainOnDelete)"],
  },
  {
    name: "internal-network",
    description:
      "Only the edge's network has a way out, and the one of the monitoring services that need it.",
    type: "docker:index/network:Network",
    violations: ({ name, props }) =>
      props.internal || outward.some((network) => name === `${network}-network`)
        ? []
        : [`has a way out, which only those of ${outward.join(" and ")} have: set internal`],
  },
];

/** The volumes without which a stack has lost data, by their logical names. */
export function missingVolumes(expected: readonly string[], deployed: string[]): string[] {
  return expected.filter((name) => !deployed.includes(name));
}
