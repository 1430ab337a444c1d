import type { Change } from "./changes";
import type { Risk } from "./risk/risks";
import type { ServiceSummary } from "./services";
import { shownValue } from "./values";

/** All that is told of a preview. */
export interface Review {
  stack: string;
  /** As the engine counts them: `{ replace: 2, same: 30 }`. */
  counts: Record<string, number>;
  risks: Risk[];
  services: ServiceSummary[];
  changes: Change[];
  /** What it costs the people who use the application, as a sentence; undefined where no service changes. */
  cost?: string;
  /** When, of what and by whom the stack was deployed last, as a sentence; undefined where nobody was asked. */
  last?: string;
  /** What the plan leaves to the deploy, a line for each resource. */
  undecided: string[];
  /** What this preview could not see, each as a clause; none where it saw the Docker host. */
  unseen: string[];
}

/** GitHub refuses a longer comment (in characters). */
export const commentLimit = 65_536;
/** The most of one risk that is told, the less the more there are. */
const riskLimits = [400, 200, 100, 50, 25];

/** The first line of a stack's comment, by which a later preview finds it. */
export function marker(stack: string): string {
  return `<!-- dating-preview ${stack} -->`;
}

/** The counts in words: "1 to create, 2 to replace, 30 unchanged". */
export function countsLine(counts: Review["counts"]): string {
  const named = Object.entries(counts).filter(([op, count]) => op !== "same" && count > 0);
  const parts = named.map(([op, count]) => `${count} to ${op}`);
  return [...(parts.length > 0 ? parts : ["no changes"]), `${counts.same ?? 0} unchanged`].join(", ");
}

/**
 * The summary as a GitHub comment: risks first, the full diff folded, cut from its end where it is too long.
 *
 * @param picture the stack as it is to be, as Mermaid, where it gets another shape
 */
export function renderMarkdown(review: Review, picture?: string, limit = commentLimit): string {
  const { stack, counts, risks, services } = review;
  const said = [`${countsLine(counts)}.`, review.cost, review.last].flatMap((line) =>
    line ? [escape(line)] : [],
  );
  const head = [
    marker(stack),
    `## Preview of ${code(stack)}`,
    "",
    ...said.flatMap((line) => [line, ""]),
    "",
  ].join("\n");
  const foot = `\n\nThe whole preview: ${code(`./dating preview ${stack}`)}\n`;
  const sections = [
    section("### Risks", riskLines(risks, limit - head.length - foot.length - 20)),
    section(
      "### Services",
      services.map((s) => `- **${escape(s.service)}**: ${escape(s.what)}; ${s.how}`),
    ),
    section(
      "### Not seen",
      review.unseen.map((clause) => `- ${escape(clause)}`),
    ),
  ].filter((lines) => lines.length > 1);
  let result = head;
  for (const lines of sections) result += fit(lines, limit - result.length - foot.length);
  const drawn = picture
    ? `<details><summary>The stack afterwards</summary>\n\n\`\`\`mermaid\n${picture}\`\`\`\n\n</details>\n\n`
    : "";
  if (result.length + drawn.length + foot.length < limit) result += drawn;
  const left = undecidedDetails(review.undecided, Math.floor(limit / 8));
  if (result.length + left.length + foot.length < limit) result += left;
  const begin = "<details><summary>Every change</summary>\n\n```diff\n";
  const end = "```\n\n</details>\n";
  const room = limit - result.length - foot.length - begin.length - end.length;
  const lines = diffLines(review.changes).map((line) => line.replaceAll("```", "'''"));
  if (lines.length > 0 && room > 200) result += `${begin}${fit(lines, room)}${end}`;
  return result + foot;
}

function undecidedDetails(undecided: string[], room: number): string {
  if (undecided.length === 0) return "";
  const begin = `<details><summary>Left undecided: what only the deploy finds out (${undecided.length})</summary>\n\n`;
  return `${begin}${fit(
    undecided.map((line) => `- ${escape(line)}`),
    room,
  )}</details>\n\n`;
}

/** The comment where there is no preview: the one of an earlier commit must not stand for this one's. */
export function renderFailure(stack: string, reason: string): string {
  return [marker(stack), `## No preview of ${code(stack)}`, "", escape(reason), ""].join("\n");
}

/** The same for a terminal. */
export function renderText(review: Review): string {
  const { stack, counts, risks, services, changes, cost, last, undecided, unseen } = review;
  const block = (title: string, lines: string[]) =>
    lines.length > 0 ? ["", title, ...lines.map((line) => `  ${line}`)] : [];
  return [
    `Preview of ${stack}: ${countsLine(counts)}`,
    ...[cost, last].flatMap((line) => (line ? [line] : [])),
    ...block(
      "Risks",
      risks.map(({ title, text }) => `! ${title}: ${text}`),
    ),
    ...block(
      "Services",
      services.map(({ service, what, how }) => `${service}: ${what}; ${how}`),
    ),
    ...block("Not seen, as this was made from the state alone", unseen),
    ...block("Every change", diffLines(changes)),
    ...block("Left undecided: what only the deploy finds out", undecided),
  ].join("\n");
}

/** Every resource with the inputs that differ; a value only where it may be shown. */
export function diffLines(changes: Change[]): string[] {
  const signs = { create: "+", update: "!", replace: "!", delete: "-" };
  return changes.flatMap((change) => {
    const { action, type, name, properties, before, after } = change;
    const inside = properties.map((property) => {
      const [from, to] = [before, after].map((state) => shownValue(change, property, state[property]));
      return from === undefined || to === undefined
        ? `    ${property}: another`
        : `    ${property}: ${from} → ${to}`;
    });
    return [`${signs[action]} ${action} ${type.split(/[:/]/).at(-1)} ${name}`, ...inside];
  });
}

/** A line for each risk. Where there is no room for that many, one for each kind: no kind is ever left out. */
function riskLines(risks: Risk[], room: number): string[] {
  if (risks.length === 0) return ["None of those that are looked for."];
  const line = (title: string, text: string) => `- ⚠️ **${escape(title)}**: ${escape(text)}`;
  for (const most of riskLimits) {
    const lines = risks.map(({ title, text }) =>
      line(title, text.length > most ? `${text.slice(0, most)}…` : text),
    );
    if (lines.join("\n").length < room) return lines;
  }
  const titles = [...new Set(risks.map(({ title }) => title))];
  return titles.map((title) => line(title, `${risks.filter((risk) => risk.title === title).length} times`));
}

function section(title: string, lines: string[]): string[] {
  return lines.length > 0 ? [title, "", ...lines, ""] : [];
}

/** As many lines as there is room for, and how many are left out. */
function fit(lines: string[], room: number): string {
  const note = (left: number) => `… and ${left} more lines\n`;
  let text = "";
  for (const [index, line] of lines.entries()) {
    const reserve = index < lines.length - 1 ? note(lines.length).length : 0;
    if (text.length + line.length + 1 + reserve > room) return text + note(lines.length - index);
    text += `${line}\n`;
  }
  return `${text}\n`;
}

/** Text in which nothing is markup, a mention or a link. */
export function escape(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>#|~]/g, "\\$&")
    .replaceAll("@", "@\u200b");
}

const code = (text: string) => `\`${text.replaceAll("`", "'")}\``;
