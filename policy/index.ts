import "../start/lazy-arborist";

import { PolicyPack, type ResourceValidationPolicy, type StackValidationPolicy } from "@pulumi/policy";

import { volumeNames } from "../config/volumes";
import { containerRules } from "./containers";
import { labelOf, type Rule } from "./rule";
import { serviceRules } from "./services";
import { missingVolumes, storageRules } from "./storage";
import { isWaived } from "./waivers";

function resourcePolicy({ name, description, type, violations }: Rule): ResourceValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: "mandatory",
    validateResource: (args, report) => {
      if (args.type !== type) return;
      // urn:pulumi:STACK::PROJECT::TYPE::NAME
      const stack = args.urn.split(":")[2]!;
      const subject = { stack, name: args.name, props: args.props, protect: args.opts.protect };
      if (isWaived(name, (label) => labelOf(subject, label))) return;
      for (const violation of violations(subject)) report(`${args.name} ${violation}`);
    },
  };
}

/** An unprotected volume can leave the program without a word from the engine; this says it. */
const allVolumes: StackValidationPolicy = {
  name: "all-volumes",
  description: "No data volume leaves the stack.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources }, report) => {
    const deployed = resources
      .filter(({ type }) => type === "docker:index/volume:Volume")
      .map(({ name }) => name);
    for (const name of missingVolumes(volumeNames, deployed))
      report(`volume ${name} has left the stack, and its data with it: put it back`);
  },
};

new PolicyPack("dating", {
  policies: [...[...containerRules, ...serviceRules, ...storageRules].map(resourcePolicy), allVolumes],
});
