import { localImage } from "./content";
import { run } from "./docker";
import { parseReference } from "./reference";

/**
 * Pushes images that are built here, tagged with the hash of what they were built from.
 *
 * @param registry host and path, as in `registry.example.com/dating`
 * @returns for each name its reference by tag and digest, as the registry has it
 * @throws RangeError when the registry's name is none; CommandError when Docker cannot push
 */
export async function pushImages(registry: string, names: string[]): Promise<Map<string, string>> {
  const pushed = new Map<string, string>();
  for (const name of names) {
    const { tag } = parseReference(localImage(name));
    // GitHub's names of owners and repositories have capitals, which a reference must not have.
    const target = `${registry.toLowerCase()}/${name}`;
    parseReference(`${target}:${tag}`);
    await run("docker", ["tag", localImage(name), `${target}:${tag}`]);
    await run("docker", ["push", "--quiet", `${target}:${tag}`]);
    const digests = await run("docker", [
      ...["image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", `${target}:${tag}`],
    ]);
    const found = digests.split("\n").find((reference) => reference.startsWith(`${target}@`));
    if (!found) throw new Error(`Docker does not tell the digest of ${target}:${tag} after pushing it`);
    pushed.set(name, `${target}:${tag}${found.slice(target.length)}`);
  }
  return pushed;
}
