/** The parts of an image reference, as in `registry.example.com/dating/bot:1.2.0@sha256:…`. */
export interface ImageReference {
  /** Host with port, as in the reference; `docker.io` where it names none. */
  registry: string;
  /** Path in the registry, with `library/` for Docker's official images. */
  repository: string;
  /** Everything before tag and digest, as it was written. */
  name: string;
  tag?: string;
  /** `sha256:` and 64 hexadecimal digits. */
  digest?: string;
}

const pattern =
  /^(?<name>[^\s@]+?)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

const part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^(?=.{1,255}$)${part}(?:/${part})*$`);
const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const hostPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::\\d+)?$`);

/**
 * Takes an image reference apart, by the rules of the Docker CLI.
 *
 * @throws RangeError when it is none
 */
export function parseReference(reference: string): ImageReference {
  const { name, tag, digest } = pattern.exec(reference)?.groups ?? {};
  // The part before the first slash is a host only if it looks like one.
  const [, host, path] = /^([^/]*[.:][^/]*|localhost)\/(.+)$/.exec(name ?? "") ?? [];
  const repository = path ?? (name?.includes("/") ? name : `library/${name}`);
  if (
    !name ||
    !repositoryPattern.test(repository) ||
    (host && !hostPattern.test(host)) ||
    /^[0-9a-f]{64}$/.test(name)
  ) {
    throw new RangeError(`"${reference}" is not an image reference`);
  }
  return { registry: host ?? "docker.io", repository, name, tag, digest };
}
