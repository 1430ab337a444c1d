import { readFileSync, writeFileSync } from "node:fs";

import { z } from "zod";

/** What is looked at of a saved plan; everything else stays as it is. */
const planFile = z.looseObject({
  resourcePlans: z.record(
    z.string(),
    z.looseObject({
      steps: z.array(z.string()).optional(),
      goal: z
        .looseObject({
          inputDiff: z
            .looseObject({
              adds: z.record(z.string(), z.unknown()).optional(),
              updates: z.record(z.string(), z.unknown()).optional(),
            })
            .optional(),
          propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
        })
        .optional(),
    }),
  ),
});

/** Key and value by which Pulumi marks a secret (sdk/go/common/resource). */
const [signature, secret] = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"];
/** What Pulumi writes for a value that nobody knows before the deploy (sdk/go/common/resource). */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/**
 * Marks the secrets that only the deploy makes, such as the passwords of a new stack, as not known yet. The engine saves
 * such a secret as an empty one, and then takes the real one for a difference from the plan.
 */
export function openUnknownSecrets(file: string): void {
  const plan = planFile.parse(JSON.parse(readFileSync(file, "utf8")));
  const made = (urn: string) => plan.resourcePlans[urn]?.steps?.some((step) => step !== "same") ?? false;
  for (const { goal } of Object.values(plan.resourcePlans)) {
    for (const values of [goal?.inputDiff?.adds, goal?.inputDiff?.updates]) {
      for (const [property, value] of Object.entries(values ?? {})) {
        if (goal?.propertyDependencies?.[property]?.some(made)) values![property] = opened(value);
      }
    }
  }
  writeFileSync(file, JSON.stringify(plan), { mode: 0o600 });
}

function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (value === null || typeof value !== "object") return value;
  const { [signature]: kind, ciphertext } = value as Record<string, unknown>;
  if (kind === secret) return isEmpty(String(ciphertext)) ? unknown : value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, opened(inner)]));
}

/**
 * An empty string in JSON has 2 bytes, and encrypted with AES-GCM 18, which is how all secrets providers but Pulumi Cloud's
 * keep it: "v1:NONCE:BASE64". What that one has does not tell.
 */
function isEmpty(ciphertext: string): boolean {
  const [version, , text] = ciphertext.split(":");
  return version !== "v1" || Buffer.from(text ?? "", "base64").length === 18;
}
