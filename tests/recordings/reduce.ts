interface State {
  type: string;
  inputs?: unknown;
  outputs?: unknown;
}

interface Step {
  op: string;
  urn: string;
  oldState?: State;
  newState?: State;
}

/**
 * A preview without what ./dating preview does not read: where in the program a resource was made, what depends on what, the
 * outputs. Of steps that change nothing, only the stack's own keeps its state: its outputs are what was deployed.
 */
export function reduce(text: string): string {
  const { config, steps, diagnostics, changeSummary } = JSON.parse(text) as {
    config?: Record<string, unknown>;
    steps?: Step[];
    diagnostics?: { message: string }[];
    changeSummary?: unknown;
  };
  const ofBot = Object.entries(config ?? {}).filter(([key]) => /^dating:bot(Environment|Secrets)$/.test(key));
  return JSON.stringify(
    {
      config: ofBot.length > 0 ? Object.fromEntries(ofBot) : undefined,
      changeSummary,
      // The CLI complains of plugins on PATH, where the toolchain puts them.
      diagnostics: diagnostics?.filter(({ message }) => !message.includes("$PATH")),
      steps: steps?.map(reduceStep),
    },
    null,
    1,
  );
}

function reduceStep({ op, urn, oldState, newState, ...diff }: Step): object {
  const isStack = urn.includes("::pulumi:pulumi:Stack::");
  if (op === "same" && !isStack) return { op, urn };
  const kept = (state?: State) =>
    state && { type: state.type, inputs: state.inputs, outputs: isStack ? state.outputs : undefined };
  return { op, urn, oldState: kept(oldState), newState: kept(newState), ...diff };
}
