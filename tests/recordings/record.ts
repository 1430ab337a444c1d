/*
 * Records what `pulumi preview --json` says of every kind of change, for the tests of ./dating preview: `make recordings`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { application, botToken } from "../engine/support/application";
import type { Project } from "../engine/support/project";
import { changes, edit } from "./changes";
import { reduce } from "./reduce";

const folder = join(__dirname, "../unit/previews");

/** Every secret value of the stack, from its state. */
function secretValues(project: Project): string[] {
  const args = ["stack", "export", "--show-secrets", "--stack", project.stackName];
  const plain = [...project.run("pulumi", args).matchAll(/"plaintext": "((?:[^"\\]|\\.)*)"/g)];
  return [...plain.map(([, text = ""]) => JSON.parse(`"${text}"`) as string), JSON.stringify(botToken)]
    .flatMap((text) => (typeof JSON.parse(text) === "string" ? [JSON.parse(text) as string] : []))
    .filter((value) => value.length >= 8);
}

/** Names of this run become those of an example. */
function record(project: Project, name: string, text: string): void {
  const { fails } = changes[name] ?? {};
  const failed = text.includes('"severity": "error"');
  if (failed !== (fails !== undefined) || (fails && !text.includes(fails)))
    throw new Error(`${name} ${failed ? "fails" : "does not fail"}: ${text}`);
  const written = reduce(text)
    .replaceAll(project.stackName, "example")
    .replaceAll(project.directory, "/checkout");
  const leaked = secretValues(project).filter((value) => text.includes(value));
  if (leaked.length > 0) throw new Error(`${name}: ${leaked.length} secret values are in the preview`);
  writeFileSync(join(folder, `${name.replaceAll(" ", "-")}.json`), `${written}\n`);
  console.log(`${name}: ${written.length} characters`);
}

function preview(project: Project): string {
  const { stdout, stderr } = project.attempt("pulumi", [
    ...["preview", "--json", "--non-interactive", "--stack", project.stackName],
  ]);
  if (!stdout.trim().startsWith("{")) throw new Error(`no preview: ${stdout}${stderr}`);
  return stdout;
}

async function main(): Promise<void> {
  const { project } = await application();
  try {
    record(project, "first deploy", preview(project));
    await project.up();
    const stackFile = join(project.directory, `Pulumi.${project.stackName}.yaml`);
    const deployed = project.run("cat", [stackFile]);
    for (const [name, change] of Object.entries(changes)) {
      for (const [key, value] of Object.entries(change.config ?? {}))
        await project.stack.setConfig(`dating:${key}`, { value }, true);
      for (const [key, value] of Object.entries(change.secrets ?? {}))
        await project.stack.setConfig(`dating:${key}`, { value, secret: true });
      const undo = edit(project, change);
      try {
        record(project, name, preview(project));
      } catch (error) {
        console.error(error);
        process.exitCode = 1;
      }
      undo();
      writeFileSync(stackFile, deployed);
    }
  } finally {
    project.discard();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
