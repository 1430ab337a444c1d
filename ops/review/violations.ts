const patterns = [
  /error: resource (?<urn>urn:\S+) violates plan: (?<what>.*)$/,
  // Of the outputs of a component, by its row alone; below, under "Diagnostics", once more without a name.
  /^\s*\S+ (?<name>\S+)\s+error: resource violates plan: (?<what>.*)$/,
  /^\s*error: resource violates plan: /,
  /error: no plan for resource (?<urn>urn:\S+)/,
  /error: (?<what>\S+ is not allowed by the plan: .*)$/,
  /error: expected resource operations for (?<urn>urn:\S+) but none were seen/,
];

/**
 * What `pulumi up --plan` prints, for people. The engine tells a difference from the plan with the values, which may be
 * secret and longer than a line: they are left out.
 */
export class PlanOutput {
  /** Whether the engine has begun to change anything. Before, it holds its preview against the plan. */
  applying = false;
  private readonly found = new Set<string>();

  constructor(private readonly redact: (text: string) => string) {}

  /** Each difference from the plan once: the resource, and what about it. */
  get violations(): string[] {
    return [...this.found];
  }

  /** @returns the line as it may be shown; undefined where it is left out */
  take(line: string): string | undefined {
    if (/^Updating \(/.test(line)) this.applying = true;
    const match = patterns.map((pattern) => pattern.exec(line)).find(Boolean);
    if (match) {
      // Told already, with its name.
      if (!match.groups) return undefined;
      const subject = match.groups.urn?.split("::").at(-1) ?? match.groups.name;
      const what = describe(match.groups.what);
      this.found.add(this.redact(subject ? `${subject}: ${what}` : what));
      return undefined;
    }
    // A preview that differs changes nothing: what follows the first difference is the rest of its values.
    if (this.found.size > 0 && !this.applying) return undefined;
    return this.redact(line);
  }
}

function describe(what: string | undefined): string {
  if (what === undefined) return "is not in the plan, or nothing happens to it any more";
  const [, kind, changes] = /^(\w+ changed): (.*)$/.exec(what) ?? [];
  if (!kind) return what;
  const names = [...(changes ?? "").matchAll(/(?:^|, )[-+~=]{2}(\w+)/g)].map(([, name]) => name);
  return names.length > 0 ? `other ${names.join(", ")}` : kind;
}
