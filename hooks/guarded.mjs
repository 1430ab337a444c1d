/*
 * Runs a hook that is given secrets, or that must not go on for ever. It hides the secrets in what the hook prints, line by
 * line as it comes: what prints them is psql, Alembic or Grafana, and Pulumi shows it, keeps it in the state and has it in
 * the error. It ends the hook with everything that it started when its time is over.
 *   node hooks/guarded.mjs [--limit SECONDS] [--secret VARIABLE]… -- COMMAND…
 *   --limit          after so many seconds the hook gets SIGTERM, and SIGKILL 8 seconds later; the exit code is then 124
 *   --secret         environment variable whose value is secret, whole or after its first colon (user:password)
 *   standard input   what the hook reads; every line is a secret
 * The hook's exit code is this one's. A signal goes on to the hook, and what the hook does about it decides. In JavaScript,
 * as loading TypeScript takes longer than most hooks.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

/** What stands where a secret stood, as Pulumi writes it. */
const hidden = "[secret]";
/**
 * Milliseconds from a signal to SIGKILL, and from a hook's end to the end of what it left behind with its output. Less than
 * the 10 seconds after which Pulumi's own patience ends.
 */
const grace = 8_000;
/** Characters of one line after which it is shown before its end, so that a program without line ends fills no memory. */
const longestLine = 1 << 20;

const { values, positionals } = parseArgs({
  options: { limit: { type: "string" }, secret: { type: "string", multiple: true, default: [] } },
  allowPositionals: true,
});
const [program, ...args] = positionals;
const limit = Number(values.limit ?? "0");
if (!program || !(limit >= 0)) {
  console.error("usage: node hooks/guarded.mjs [--limit SECONDS] [--secret VARIABLE]… -- COMMAND…");
  process.exit(2);
}

const input = process.stdin.isTTY ? "" : await text(process.stdin);
const hide = redactor([
  ...input.split(/\r?\n/),
  ...values.secret.flatMap((name) => {
    const value = process.env[name] ?? "";
    return [value, ...value.split(/\r?\n/), value.slice(value.indexOf(":") + 1)];
  }),
]);

// In a process group of its own, so that it is ended together with what it started.
const hook = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
hook.on("error", (error) => {
  console.error(hide(`${program} cannot be started: ${error.message}`));
  process.exit(127);
});
// A hook need not read what it is given.
hook.stdin.on("error", () => {});
hook.stdin.end(input);
showLines(hook.stdout, process.stdout);
showLines(hook.stderr, process.stderr);

let late = false;
let killing;
const timer = limit > 0 && setTimeout(timeOver, limit * 1000);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => end(signal));

hook.on("exit", () => {
  clearTimeout(timer);
  // What it has left running in the background keeps its output open.
  setTimeout(() => [hook.stdout, hook.stderr].forEach((stream) => stream.destroy()), grace).unref();
});
hook.on("close", (code, signal) => {
  clearTimeout(killing);
  if (late) process.exitCode = 124;
  else process.exitCode = code ?? 128 + constants.signals[signal];
  if (signal && !late) {
    // Whoever started this sees what it would have seen of the hook.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
});

function timeOver() {
  late = true;
  console.error(`${positionals.join(" ")} did not end within ${limit} seconds and is stopped`);
  end("SIGTERM");
}

/** Sends a signal to the hook and all that it has started, and the last one where that does not help. */
function end(signal) {
  sendToGroup(signal);
  killing ??= setTimeout(() => sendToGroup("SIGKILL"), grace);
}

function sendToGroup(signal) {
  try {
    process.kill(-hook.pid, signal);
  } catch {
    // It is gone.
  }
}

/** Hands whole lines on, as a part of one could be a part of a secret. */
function showLines(from, to) {
  let rest = "";
  to.on("error", () => {});
  from.setEncoding("utf8");
  from.on("data", (chunk) => {
    rest += chunk;
    const end = Math.max(rest.lastIndexOf("\n"), rest.lastIndexOf("\r")) + 1;
    if (end > 0) to.write(hide(rest.slice(0, end)));
    rest = rest.slice(end);
    if (rest.length > longestLine) {
      // What is kept back may be the beginning of a secret.
      rest = hide(rest);
      to.write(rest.slice(0, -hide.longest));
      rest = rest.slice(-hide.longest);
    }
  });
  from.on("close", () => rest && to.write(hide(rest)));
}

/** Replaces secrets, also as JSON, SQL, an address and base64 have them. */
function redactor(secrets) {
  const forms = secrets
    .flatMap((secret) => [secret, secret.trim()])
    .filter((secret) => secret.trim() !== "")
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      secret.replaceAll("'", "''"),
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    ])
    // Of two of which one holds the other, the longer one has to go first.
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const pattern = forms.length > 0 && new RegExp([...new Set(forms)].join("|"), "g");
  const hide = (line) => (pattern ? line.replace(pattern, hidden) : line);
  return Object.assign(hide, { longest: forms[0]?.length ?? 1 });
}
