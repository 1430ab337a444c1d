import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../../images/content";
import { parseServices, ServicesError } from "../../../config/services/parse";

const page = (name: string) => readFileSync(join(projectRoot, "docs", name), "utf8");

/** What is told of a text: "key problem → edit". */
function told(text: string): string[] {
  try {
    parseServices(text);
  } catch (error) {
    if (!(error instanceof ServicesError)) throw error;
    return error.problems.map(({ key, problem, edit }) => `${key} ${problem} → ${edit}`);
  }
  return [];
}

const server = (fields: string, miniApp = true) => `miniApp: ${miniApp}
services:
  web:
    kind: server
    health: "true"
    memory: 64 MiB
${fields.replace(/^/gm, "    ")}
`;
const other = (fields: string, miniApp = true) =>
  `${server(fields, miniApp)}  zoo: { kind: server, health: "true", memory: 64 MiB, route: { port: 1, paths: [/zoo/, /feed], probe: /feed, answers: text/plain } }\n`;

test("what is committed, and the examples of the documents, are right", () => {
  expect(parseServices(readFileSync(join(projectRoot, "services.yaml"), "utf8"))).toEqual({
    ...{ miniApp: true, own: {} },
  });
  const [, example] = /```yaml\n(services:[^]*?)```/.exec(page("own-services.md"))!;
  expect(Object.keys(parseServices(example!).own)).toEqual(["redis", "matcher", "reminders"]);
  const [, app] = /```yaml\n# services.yaml\n([^]*?)```/.exec(page("your-own-app.md"))!;
  expect(parseServices(app!)).toMatchObject({ miniApp: false, own: { web: { database: true } } });
});

test("the problems that the document shows are told like that", () => {
  const [, app] = /```yaml\n# services.yaml\n([^]*?)```/.exec(page("your-own-app.md"))!;
  const [, shown] = /```\n(services\.yaml has [^]*?)```/.exec(page("your-own-app.md"))!;
  const wrong = app!
    .replace("    health: curl", "    health: curl --version\n    healht: curl")
    .replace("    memory: 128 MiB\n", "");
  expect(() => parseServices(wrong)).toThrow(shown!.trim());
});

test("an empty file is an application without services of one's own", () => {
  expect(parseServices("")).toEqual({ miniApp: true, own: {} });
  expect(parseServices("services:\n")).toEqual({ miniApp: true, own: {} });
});

test.each([
  ["a: [", "The file is no YAML → "],
  ["- web", "The file must be a set of names and services → services: {}"],
  ["miniapp: true", "miniapp is not a known key; did you mean miniApp? → miniApp: …, or take it out"],
  ["miniApp: 'yes'", "miniApp must be true or false → miniApp: true"],
  ["services: [web]", "services must be a set of names and services → services: {}"],
  ["services: { web: }", "services.web.kind is missing → kind: server"],
  ["services: { web: { kind: cron } }", "services.web.kind must be server, worker or job → kind: server"],
])("%s", (text, problem) => {
  expect(told(text)[0]).toContain(problem);
});

test("a name is one that Docker and the program can have", () => {
  const named = (name: string) =>
    told(`services: { ${name}: { kind: server, health: "true", memory: 64 MiB } }`);
  for (const right of ["web", "my-web-2", "a".repeat(30)]) expect(named(right)).toEqual([]);
  for (const [wrong, edit] of [
    ["My_Web", "my-web:"],
    ["2nd", "nd:"],
    ["web-", "web:"],
    ["a".repeat(31), `${"a".repeat(30)}:`],
  ])
    expect(named(wrong!)).toEqual([
      `services.${wrong} must be a name of at most 30 small letters, digits and hyphens → ${edit}`,
    ]);
  for (const taken of ["bot", "postgres", "grafana", "migrations", "db"])
    expect(named(taken)).toEqual([
      `services.${taken} is the name of what is there already; choose another → my-${taken}:`,
    ]);
});

test("a wrong or a missing field is told with the line that mends it", () => {
  expect(told("services: { web: { kind: server } }")).toEqual([
    "services.web.health is missing → health: curl --fail --silent http://127.0.0.1:8080/health",
    "services.web.memory is missing → memory: 128 MiB",
  ]);
  expect(told("services: { mail: { kind: job, command: [a], memory: 64 MiB } }")).toEqual([
    "services.mail.every is missing → every: 1 day",
  ]);
  for (const [fields, problem] of [
    [
      "command: run it",
      'command must be a list of words, the program first → command: ["python3", "-m", "web"]',
    ],
    ["data: files", "data must be an absolute path → data: /data"],
    ["user: redis", 'user must be two numbers, as in "999:999" → user: "999:999"'],
    ["database: yes please", "database must be true or false → database: true"],
    ["secrets: [key]", "secrets.0 must be the name of an environment variable → secrets: [SESSION_KEY]"],
    [
      "environment: { A: [1] }",
      "environment.A must be text, a number or true or false → environment: { NAME: value }",
    ],
    [
      "environment: { my-name: a }",
      "environment.my-name must be the name of an environment variable → MY_NAME: …",
    ],
    ["comand: [a]", "comand is not a known key; did you mean command? → command: …, or take it out"],
    [
      "route: { port: 80, paths: [/a], prob: /a, answers: text/html }",
      "route.probe is missing → probe: /health",
    ],
    [
      "route: { port: 0, paths: [/a], probe: /a, answers: text/html }",
      "route.port must be a port → port: 8080",
    ],
    [
      "route: { port: 80, paths: [a b], probe: /a, answers: text/html }",
      "route.paths.0 must be a path, as in /feed for that path alone, or /feed/ for all below it",
    ],
  ])
    expect(told(server(fields!))[0]).toContain(`services.web.${problem}`);
  expect(told(server("").replace("64 MiB", "64"))[0]).toContain(
    'services.web.memory must be a whole number with its unit, as in "128 MiB" → memory: 128 MiB',
  );
  expect(
    told("services: { mail: { kind: job, command: [a], every: 7 hours, memory: 64 MiB } }")[0],
  ).toContain("services.mail.every must be 5, 10, 15, 20 or 30 minutes");
});

test("numbers and flags count as text in an environment", () => {
  const { own } = parseServices(server("environment: { A: 1, B: true, C: text }"));
  expect(own.web).toMatchObject({ environment: { A: "1", B: "true", C: "text" } });
});

test("each path leads to one service", () => {
  const route = (paths: string, probe: string) =>
    `route: { port: 80, paths: ${paths}, probe: ${probe}, answers: text/html }`;
  expect(told(server(route("[/shop/]", "/shop/health")))).toEqual([]);
  expect(told(server(route("[/]", "/health"), false))).toEqual([]);
  expect(told(other(route("[/shop/]", "/shop/a")))).toEqual([]);
  expect(told(server(route("[/]", "/health")))).toEqual([
    "services.web.route.paths has /, which is the web app's as long as miniApp is true → paths: [/web/]",
  ]);
  expect(told(server(route("[/api/shop/]", "/api/shop/a")))[0]).toContain(
    "has /api/shop/, which is the bot's",
  );
  expect(told(server(route("[/health]", "/health")))[0]).toContain("has /health, which is the bot's");
  expect(told(server(route("[/health]", "/health"), false))).toEqual([]);
  for (const path of ["/zoo/cage/", "/zoo/cage", "/feed"])
    expect(told(other(route(`[${path}]`, path)))[0]).toMatch(
      /^services\.zoo\.route\.paths has \/\w+\/?, which is web's/,
    );
  expect(told(server(route("[/shop/]", "/health")))).toEqual([
    "services.web.route.probe is /health, which is none of its paths → probe: /shop/",
  ]);
});

test("a program runs the image of a service that is there", () => {
  const worker = (of: string, miniApp = true) =>
    told(
      `${server("", miniApp)}  mail: { kind: worker, ${of} command: [a], health: "true", memory: 64 MiB }\n`,
    );
  expect(worker("")).toEqual([]);
  expect(worker("of: web,")).toEqual([]);
  expect(worker("of: bot,")).toEqual([]);
  expect(worker("of: wep,")).toEqual([
    "services.mail.of is wep, which is no server: there are bot, web → of: web".replace("of: web", "of: bot"),
  ]);
  expect(worker("", false)).toEqual([
    "services.mail.of is missing, as there is no bot: it says whose image the program is of → of: web",
  ]);
  expect(worker("of: bot,", false)).toEqual([
    "services.mail.of is bot, which is no server: there is web → of: web",
  ]);
});

test("a variable has one origin", () => {
  expect(told(server("environment: { KEY: a }\nsecrets: [KEY]"))).toEqual([
    "services.web.secrets has KEY a second time → take one KEY out",
  ]);
  expect(told(server("database: true\nenvironment: { DATABASE_URL: a }"))[0]).toContain(
    "services.web.database gives it DATABASE_URL, which it has already",
  );
});
