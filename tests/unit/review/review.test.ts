import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import { commentLimit, renderMarkdown, renderText } from "../../../ops/review/render";
import { changesShape } from "../../../ops/review/changes";
import { reviewOf } from "../../../ops/review/review";
import { parsePreview, type Preview } from "../../../ops/review/schema";
import { withBrokenRules } from "../../../ops/review/risk/rules";
import { redactAll, redactor } from "../../../ops/review/values";

const folder = join(__dirname, "../previews");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.replace(/\.json$/, ""));

const read = (name: string) => readFileSync(join(folder, `${name}.json`), "utf8");
const pending = (deployed?: string) =>
  deployed === "003_add_user_settings"
    ? ["004_add_likes_index"]
    : ["001_create_profile_tables", "002_create_discovery_tables", "003_add_user_settings"];
const reviewed = (preview: Preview, revisions = pending) => reviewOf("example", preview, revisions);
const recorded = (name: string) =>
  reviewed(
    parsePreview(read(name)),
    ["new-revision", "several-at-once", "first-deploy"].includes(name) ? pending : () => [],
  );

test("at least fifteen kinds of change are recorded", () => {
  expect(names.length).toBeGreaterThanOrEqual(15);
});

test.each(names)("%s", (name) => {
  const review = recorded(name);
  expect({ text: renderText(review).split("\n"), risks: review.risks }).toMatchSnapshot();
});

test("an unchanged stack has no risk and no change", () => {
  expect(recorded("unchanged")).toMatchObject({ risks: [], services: [], changes: [] });
});

test.each([
  ["bot-setting", "bot: NSFW_THRESHOLD; start-first", []],
  ["bot-environment", "bot: FEATURE_LIKES; start-first", []],
  ["bot-token", "bot: BOT_TOKEN; start-first", ["dating-example-bot: BOT_TOKEN"]],
])("%s: a setting is no secret, and both are named", (name, line, secrets) => {
  const review = recorded(name);
  expect(renderText(review)).toContain(line);
  const changed = review.risks.filter(({ title }) => title === "secret changed");
  expect(changed.map(({ text }) => text)).toEqual(secrets);
});

test("a service whose new container did not come up in the last deploy is away again while it is tried", () => {
  const preview = parsePreview(read("unchanged"));
  preview.steps.push({
    op: "replace",
    urn: "urn:pulumi:example::dating::dating:index:Workload$command:local:Command::postgres-healthy",
    newState: {
      inputs: { create: "node --disable-warning=ExperimentalWarning hooks/switch.mts" },
      outputs: {},
    },
  });
  expect(reviewed(preview, () => []).risks).toEqual([
    {
      title: "absence",
      text: "postgres did not come up in the last deploy, and is tried again: away as long",
    },
  ]);
});

test("an edit in Grafana that a deploy overwrites is a risk", () => {
  const preview = parsePreview(read("unchanged"));
  const message =
    "Dashboard overview was edited in Grafana (version 2 by anna): a deploy overwrites the edit.\n";
  preview.diagnostics.push(
    { severity: "warning", message },
    { severity: "warning", message: "something else" },
  );
  expect(reviewed(preview).risks).toContainEqual({ title: "dashboard overwritten", text: message.trim() });
});

test("the comment finds itself again and names every risk before anything else", () => {
  const review = recorded("several-at-once");
  const text = renderMarkdown(review);
  expect(text).toMatch(/^<!-- dating-preview example -->\n/);
  expect(review.risks.length).toBeGreaterThan(4);
  expect(text.indexOf("### Risks")).toBeLessThan(text.indexOf("### Services"));
});

test("a comment never exceeds GitHub's limit, and the risks are never what is cut", () => {
  const review = recorded("several-at-once");
  const [change] = review.changes;
  const changes = Array.from({ length: 4000 }, (_, n) => ({ ...change!, name: `${change!.name}-${n}` }));
  const text = renderMarkdown({ ...review, changes });
  expect(text.length).toBeLessThanOrEqual(commentLimit);
  expect(text).toMatch(/… and \d+ more lines\n```\n\n<\/details>/);
  for (const { title } of review.risks) expect(text).toContain(`**${title}**`);
});

test("however many risks there are, each is told as long as there is room, and then each kind", () => {
  const kinds = ["data volume", "absence", "privilege"];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 600 }), (count, length) => {
      const risks = Array.from({ length: count }, (_, n) => ({
        title: kinds[n % 3]!,
        text: `<${n}> ${"*".repeat(length)}`,
      }));
      const text = renderMarkdown({ ...recorded("several-at-once"), risks });
      expect(text.length).toBeLessThanOrEqual(commentLimit);
      for (const { title } of risks.slice(0, 3)) expect(text).toContain(`**${title}**`);
      if (count <= 500) for (let n = 0; n < count; n++) expect(text).toContain(`: \\<${n}\\> `);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ["gains a capability", { capabilities: { drops: ["ALL"], adds: ["CAP_NET_ADMIN"] } }, "has CAP_NET_ADMIN"],
  ["drops none", { capabilities: undefined }, "keeps Docker's own capabilities"],
  ["mounts a path", { volumes: [{ hostPath: "/etc", containerPath: "/etc" }] }, "mounts the host's /etc"],
  ["is privileged", { privileged: true }, "is privileged"],
  ["is in a namespace of the host", { pidMode: "host" }, "shares the host's pid namespace"],
])("a new service that %s is a risk", (_, inputs, what) => {
  const preview = parsePreview(read("first-deploy"));
  const of = (service: string) =>
    preview.steps.find(({ urn }) => urn.endsWith(`Container::dating-example-${service}`))!.newState!;
  expect(reviewed(preview).risks.filter(({ text }) => text.startsWith("webapp"))).toEqual([]);
  of("webapp").inputs = { ...of("webapp").inputs, ...inputs };
  expect(reviewed(preview).risks).toContainEqual({ title: "privilege", text: `webapp ${what}` });
});

test("the comment of several changes at once reads like this", () => {
  expect(renderMarkdown(recorded("several-at-once")).split("\n")).toMatchSnapshot();
});

test.each([
  ["bot-image", false],
  ["database-password", false],
  ["unchanged", false],
  ["network-joined", true],
  ["edge-port", true],
  ["service-removed", true],
  ["first-deploy", true],
])("%s: whether the stack gets another shape is %s", (name, shape) => {
  expect(changesShape(recorded(name).changes)).toBe(shape);
});

test("a picture of the stack stands after what a reviewer has to read, and gives way to it", () => {
  const review = recorded("several-at-once");
  const text = renderMarkdown(review, "flowchart LR\n");
  expect(text).toContain("```mermaid\nflowchart LR\n```\n");
  expect(text.indexOf("### Services")).toBeLessThan(text.indexOf("mermaid"));
  expect(text.indexOf("mermaid")).toBeLessThan(text.indexOf("Every change"));
  const large = renderMarkdown(review, `flowchart LR\n${"  a --- b\n".repeat(8000)}`);
  expect(large.length).toBeLessThanOrEqual(commentLimit);
  expect(large).not.toContain("mermaid");
  expect(large).toContain("Every change");
});

test("text from outside is neither markup nor a mention", () => {
  const review = {
    ...recorded("unchanged"),
    risks: [{ title: "refused", text: "<img> @everyone [x](y) `z`" }],
  };
  const text = renderMarkdown(review);
  expect(text).not.toMatch(/<img>|@everyone|\[x\]\(y\)/);
});

test.each(["no JSON", "[]", '{"steps":[{"op":1}]}'])("%s is refused", (text) => {
  expect(() => parsePreview(text)).toThrow("this is not the output of `pulumi preview --json`");
});

/** Where a stack's secrets are; the engine masks them, and here it has failed to. */
const secretPlaces = new Set(["envs", "uploads", "stdin", "environment", "configJson", "result", "command"]);

function leak(value: unknown, secret: string, inside = false): unknown {
  if (inside && typeof value === "string") return `${value.slice(0, 4)}${secret}`;
  if (Array.isArray(value)) return value.map((item) => leak(item, secret, inside));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      leak(inner, secret, inside || secretPlaces.has(name)),
    ]),
  );
}

const aSecret = fc.stringMatching(/^[A-Za-z0-9_:%/+-]{12,40}$/);

test("no secret is ever shown, also where the engine would not have masked it", () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), aSecret, (name, secret) => {
      const preview = leak(JSON.parse(read(name)), secret) as Preview;
      const review = reviewed(parsePreview(JSON.stringify(preview)));
      expect(renderText(review) + renderMarkdown(review)).not.toContain(secret);
    }),
  );
});

test("a known secret is taken out of everything, in a URL and in Base64 too", () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), aSecret, (name, secret) => {
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")];
      const preview = parsePreview(read(name));
      const diagnostics = forms.map((message) => ({ severity: "error", message }));
      const redacted = redactAll({ ...preview, diagnostics }, redactor([secret]));
      const shown = renderText(reviewed(redacted)) + renderMarkdown(reviewed(redacted)).replaceAll("\\", "");
      for (const form of forms) expect(shown).not.toContain(form);
    }),
  );
});

describe("the rules that a preview breaks", () => {
  const event = (policyName: string, enforcementLevel: string, resourceUrn?: string) =>
    JSON.stringify({
      policyEvent: { policyName, enforcementLevel, resourceUrn, message: `\n  no ${policyName}\n` },
    });
  const log = [
    '{"sequence":1,"preludeEvent":{}}',
    event("pinned-image", "advisory"),
    event("no-root", "mandatory", "urn:pulumi:dev::dating::docker:index/container:Container::bot"),
    "",
  ].join("\n");
  const preview = { steps: [], diagnostics: [{ message: "error: preview failed", severity: "error" }] };

  test("are named in place of a failure that does not name them", () => {
    expect(JSON.parse(withBrokenRules(JSON.stringify(preview), log))).toEqual({
      steps: [],
      diagnostics: [
        { severity: "error", message: "policy no-root, bot: no no-root" },
        { severity: "warning", message: "policy pinned-image: no pinned-image" },
      ],
    });
  });

  test("are none where the engine tells of none", () => {
    expect(withBrokenRules(JSON.stringify(preview), "")).toBe(JSON.stringify(preview));
  });
});
