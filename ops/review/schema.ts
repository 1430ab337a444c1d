import { z } from "zod";

const state = z.object({
  type: z.string().optional(),
  id: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
});

const step = z.object({
  op: z.string(),
  urn: z.string(),
  oldState: state.nullish(),
  newState: state.nullish(),
  replaceReasons: z.array(z.string()).nullish(),
  diffReasons: z.array(z.string()).nullish(),
  detailedDiff: z.record(z.string(), z.unknown()).nullish(),
});

const preview = z.object({
  config: z.record(z.string(), z.unknown()).default({}),
  steps: z.array(step).default([]),
  diagnostics: z.array(z.object({ message: z.string(), severity: z.string() })).default([]),
  changeSummary: z.record(z.string(), z.number()).default({}),
});

/** One step of a preview, as the engine lists it. */
export type Step = z.output<typeof step>;
/** The part of `pulumi preview --json` that is read. */
export type Preview = z.output<typeof preview>;

/** @throws Error that says where the text is not what `pulumi preview --json` prints */
export function parsePreview(text: string): Preview {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("this is not the output of `pulumi preview --json`: it is no JSON");
  }
  const result = preview.safeParse(json);
  if (!result.success)
    throw new Error(`this is not the output of \`pulumi preview --json\`: ${z.prettifyError(result.error)}`);
  return result.data;
}
