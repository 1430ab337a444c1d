import { parseConfig } from "../../../config";
import { ConfigurationError, type Problem, type RawConfig } from "../../../config/problems";

/** Of the right form, and nobody's. */
export const token = "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI";

/** All that a stack must have. */
export const valid: Record<string, string> = {
  domain: "dating.example.com",
  botToken: token,
  localImages: "true",
};

/** A configuration of the stack prod, of which these keys are stored encrypted. */
export function raw(values: Record<string, string>, secretKeys = ["botToken"]): RawConfig {
  return { namespace: "dating", stack: "prod", values, secretKeys: new Set(secretKeys) };
}

/** What is wrong with a configuration; nothing where it is accepted. */
export function problemsOf(values: Record<string, string>, secretKeys?: string[]): readonly Problem[] {
  try {
    parseConfig(raw(values, secretKeys));
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}
