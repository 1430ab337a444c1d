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
    const target = `${registry.toLowerCase()}/${name}:${tag}`;
    parseReference(target);
    await run("docker", ["tag", localImage(name), target]);
    const digest = pushedDigest(await run("docker", ["push", target]));
    if (!digest) throw new Error(`Docker does not tell the digest of ${target} after pushing it`);
    pushed.set(name, `${target}@${digest}`);
  }
  return pushed;
}

/**
 * The digest that a `docker push` says it has pushed, in its last line of the form `TAG: digest: sha256:… size: N`;
 * undefined where it says none. With containerd's image store `docker image inspect` has another one for an image of
 * which one platform of several is here: that one alone is pushed, and the registry does not have the list of all.
 */
export function pushedDigest(output: string): string | undefined {
  return [...output.matchAll(/^\S+: digest: (sha256:[0-9a-f]{64}) size: \d+\s*$/gm)].at(-1)?.[1];
}
