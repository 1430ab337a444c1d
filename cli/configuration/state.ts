import { spawnSync } from "node:child_process";

import { chosenBackend } from "../../ops/stack/backend";
import { OperatorError } from "../../ops/stack/errors";
import { act, define, quiet } from "../command";

/** @throws with the CLI's own words */
function pulumi(backend: string | undefined, args: string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync("pulumi", [...args, "--non-interactive"], {
    encoding: "utf8",
    input,
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, ...(backend && { PULUMI_BACKEND_URL: backend }) },
  });
  if (status !== 0)
    throw new OperatorError(`pulumi ${args.slice(0, 2).join(" ")}: ${(error?.message ?? stderr).trim()}`);
  return stdout;
}

interface Exported {
  deployment: { resources?: { urn: string; id?: string }[]; secrets_providers?: { type?: string } };
}

const exported = (stack: string, backend?: string) => pulumi(backend, ["stack", "export", "--stack", stack]);
const parts = (text: string) =>
  ((JSON.parse(text) as Exported).deployment.resources ?? [])
    .map(({ urn, id = "" }) => `${urn} ${id}`)
    .sort();

function move(stack: string, { to }: { to: string }): void {
  const state = exported(stack);
  // Pulumi Cloud's own encryption opens nowhere else.
  if ((JSON.parse(state) as Exported).deployment.secrets_providers?.type === "service") {
    throw new OperatorError(
      `stack ${stack}'s secrets are encrypted by Pulumi Cloud alone. Give them a provider that goes with them first:\n` +
        `  pulumi stack change-secrets-provider --stack ${stack} passphrase`,
    );
  }
  const known = JSON.parse(pulumi(to, ["stack", "ls", "--json"])) as { name: string }[];
  if (!known.some(({ name }) => name === stack)) pulumi(to, ["stack", "init", stack, "--no-select"]);
  if (parts(exported(stack, to)).length > 0)
    throw new OperatorError(`${to} has a stack ${stack} with resources already; nothing was changed`);

  pulumi(to, ["stack", "import", "--stack", stack], state);
  const [before, after] = [parts(state), parts(exported(stack, to))];
  if (before.join("\n") !== after.join("\n"))
    throw new OperatorError(`the copy in ${to} is not whole: do not use it`);
  console.log(
    [
      `${before.length} resources of stack ${stack} are in ${to}. Use it, and see that nothing would change:`,
      `  export PULUMI_BACKEND_URL='${to}'`,
      `  pulumi preview --stack ${stack} --expect-no-changes`,
      "Then remove the old copy, so that nobody deploys from it:",
      `  PULUMI_BACKEND_URL='${chosenBackend().url}' pulumi stack rm --force --preserve-config ${stack}`,
    ].join("\n"),
  );
}

export const command = define("state", "Moves a stack's state to another backend.");
const mover = define(
  "move",
  "Copies a stack's state to another backend, for example file:///srv/state or s3://bucket. Secrets stay encrypted\n" +
    "on the way. The old copy stays; the command prints how to remove it.",
  ["state move prod --to s3://team-state", "state move prod --to file:///srv/state"],
)
  .argument("<stack>")
  .requiredOption("--to <url>", "the other backend: a value of PULUMI_BACKEND_URL")
  .addOption(quiet());
act(mover, move);
command.addCommand(mover);
