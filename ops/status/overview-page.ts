import { size } from "../backups/archives/progress";
import type { Asked, Overview } from "./overview";

/** A stack on one page that needs nothing from elsewhere: it can be kept, sent, or put where people look. */
export function overviewPage({ at, status, backups, drift }: Overview): string {
  const { stack, url, where, services, notServed, left, certificates, grafana, pulumi } = status;
  const wrong = [...notServed, ...certificates.filter((line) => line.includes("WARNING"))];
  return page(`Stack ${stack}`, [
    `<p>${text(`${url} on ${where}`)}<br>looked at ${time(at.toISOString())}</p>`,
    verdict(wrong.length === 0, wrong.length === 0 ? "Everything is served." : "Not everything is served:"),
    list(wrong),
    "<h2>Services</h2>",
    table(
      ["Service", "State", "Since", "Reached at", "Image"],
      services.map((each) => [
        text(each.service),
        `<span class="${each.state === "healthy" ? "good" : "bad"}">${text(each.state)}</span>`,
        each.since === undefined ? "" : time(each.since),
        each.reached.map(text).join("<br>") || "from inside only",
        text(each.image) + (each.standIn ? `<br><small>${text(each.standIn)}</small>` : ""),
      ]),
    ),
    "<h2>Certificates</h2>",
    certificates.length > 0
      ? list(certificates.map((line) => line.replace(/^HTTPS: +/, "")))
      : "<p>The stack has no HTTPS.</p>",
    "<h2>Backups</h2>",
    ...(left.length > 0
      ? [verdict(false, `Left by a killed restore, ./dating recover ${stack} removes it:`), list(left)]
      : []),
    ...told(backups, (found) =>
      found.length === 0
        ? [verdict(false, "There is none.")]
        : [
            table(
              ["Archive", "Made", "Size"],
              found.map(({ name, createdAt, parts }) => [
                text(name),
                time(createdAt),
                text(size(parts.reduce((sum, { bytes }) => sum + bytes, 0))),
              ]),
            ),
          ],
    ),
    "<h2>Drift</h2>",
    ...told(drift, ({ findings, notCompared }) => [
      verdict(
        findings.length === 0,
        findings.length === 0 ? "It is as it was deployed." : "It differs from what was deployed:",
      ),
      list(findings.map(({ subject, text: how }) => `${subject}: ${how}`)),
      list(notCompared.map((what) => `Not compared: ${what}`)),
    ]),
    "<h2>Deployed with</h2>",
    `<p>${text(pulumi)}${grafana ? `<br>Grafana: ${text(grafana)}` : ""}</p>`,
  ]);
}

/** What could not be asked is neither good nor missing, and says so. */
function told<T>(asked: Asked<T>, tell: (answer: T) => string[]): string[] {
  return "answer" in asked ? tell(asked.answer) : [verdict(false, `Could not be asked: ${asked.noAnswer}`)];
}

const text = (plain: string) =>
  plain.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`).replaceAll("\n", "<br>");

/** To the second: engines tell nine further digits. */
const time = (iso: string) =>
  `<time datetime="${text(iso)}">${text(iso.slice(0, 19).replace("T", " "))} UTC</time>`;

const verdict = (good: boolean, said: string) => `<p class="${good ? "good" : "bad"}">${text(said)}</p>`;

const list = (lines: readonly string[]) =>
  lines.length === 0 ? "" : `<ul>${lines.map((line) => `<li>${text(line)}</li>`).join("")}</ul>`;

/** @param rows of HTML */
const table = (head: readonly string[], rows: readonly string[][]) =>
  [
    `<table><thead><tr>${head.map((cell) => `<th>${text(cell)}</th>`).join("")}</tr></thead><tbody>`,
    ...rows.map((row) => `<tr>${row.map((cell, column) => inCell(head[column]!, cell)).join("")}</tr>`),
    "</tbody></table>",
  ].join("\n");

/** With its column's name, which a phone shows beside it. */
const inCell = (name: string, cell: string) =>
  `<td data-name="${text(name)}">${cell && `<div>${cell}</div>`}</td>`;

const style = `
:root { color-scheme: light dark; --good: light-dark(#1a7f37, #3fb950); --bad: light-dark(#cf222e, #ff7b72); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid #8884; }
td[data-name="Service"], td[data-name="State"] { white-space: nowrap; }
td[data-name="Image"] { overflow-wrap: anywhere; font-size: 0.85em; }
.good { color: var(--good); }
.bad { color: var(--bad); font-weight: 600; }
@media (max-width: 45rem) {
  thead { display: none; }
  tr { display: block; padding: 0.6rem 0; border-bottom: 1px solid #8884; }
  td { display: grid; grid-template-columns: 6.5rem 1fr; border: 0; padding: 0.1rem 0; overflow-wrap: anywhere; }
  td::before { content: attr(data-name); opacity: 0.75; }
  td:empty { display: none; }
}
`;

const page = (title: string, body: readonly string[]) =>
  [
    '<!doctype html>\n<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text(title)}</title>`,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<style>${style}</style></head>`,
    `<body><h1>${text(title)}</h1>`,
    ...body.filter((line) => line !== ""),
    "</body></html>\n",
  ].join("\n");
