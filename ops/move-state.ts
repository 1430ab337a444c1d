import { spawnSync } from "node:child_process";

import { program } from "commander";

program
  .name("ops/move-state")
  .description(
    "Copies a stack's state to another backend, for example file:///srv/state or s3://bucket. Secrets stay encrypted\n" +
      "on the way. The old copy is left where it is, and how to remove it is said.",
  )
  .argument("<stack>")
  .requiredOption("--to <url>", "the other backend, as PULUMI_BACKEND_URL has it")
  .parse();
const [stack] = program.processedArgs as [string];
const { to } = program.opts<{ to: string }>();

/** @throws with the CLI's own words */
function pulumi(backend: string | undefined, args: string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync("pulumi", [...args, "--non-interactive"], {
    encoding: "utf8",
    input,
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, ...(backend && { PULUMI_BACKEND_URL: backend }) },
  });
  if (status !== 0)
    throw new Error(`pulumi ${args.slice(0, 2).join(" ")}: ${(error?.message ?? stderr).trim()}`);
  return stdout;
}

interface Exported {
  deployment: { resources?: { urn: string; id?: string }[]; secrets_providers?: { type?: string } };
}

const exported = (backend?: string) => pulumi(backend, ["stack", "export", "--stack", stack]);
const parts = (text: string) =>
  ((JSON.parse(text) as Exported).deployment.resources ?? [])
    .map(({ urn, id = "" }) => `${urn} ${id}`)
    .sort();

function main(): void {
  const state = exported();
  // Pulumi Cloud's own encryption opens nowhere else.
  if ((JSON.parse(state) as Exported).deployment.secrets_providers?.type === "service") {
    throw new Error(
      `stack ${stack}'s secrets are encrypted by Pulumi Cloud alone. Give them a provider that goes with them first:\n` +
        `  pulumi stack change-secrets-provider --stack ${stack} passphrase`,
    );
  }
  const known = JSON.parse(pulumi(to, ["stack", "ls", "--json"])) as { name: string }[];
  if (!known.some(({ name }) => name === stack)) pulumi(to, ["stack", "init", stack, "--no-select"]);
  if (parts(exported(to)).length > 0)
    throw new Error(`${to} has a stack ${stack} with resources already; nothing was changed`);

  pulumi(to, ["stack", "import", "--stack", stack], state);
  const [before, after] = [parts(state), parts(exported(to))];
  if (before.join("\n") !== after.join("\n"))
    throw new Error(`the copy in ${to} is not whole: do not use it`);
  console.log(
    [
      `${before.length} resources of stack ${stack} are in ${to}. Use it, and see that nothing would change:`,
      `  export PULUMI_BACKEND_URL='${to}'`,
      `  pulumi preview --stack ${stack} --expect-no-changes`,
      "Then remove the old copy, so that nobody deploys from it:",
      `  PULUMI_BACKEND_URL='${process.env.PULUMI_BACKEND_URL ?? "…"}' pulumi stack rm --force --preserve-config ${stack}`,
    ].join("\n"),
  );
}

try {
  main();
} catch (error) {
  console.error(`ops/move-state: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
