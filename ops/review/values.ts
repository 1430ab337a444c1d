import { plain, types, type Change } from "./changes";

/**
 * The inputs whose values may be shown. Of all others (environment, files, command lines, labels, dashboards, …) it is
 * only told that they differ: what may hold a secret is not guessed from its name.
 */
const shown: Record<string, Set<string>> = {
  [types.container]: new Set([
    ...["image", "memory", "memorySwap", "ports", "networksAdvanced", "capabilities", "readOnly", "restart"],
    ...["stopTimeout", "destroyGraceSeconds", "logDriver", "user", "volumes", "tmpfs", "ulimits", "init"],
    ...["securityOpts", "privileged", "networkMode", "pidMode"],
  ]),
  [types.volume]: new Set(["name", "driver"]),
  [types.network]: new Set(["name", "driver", "internal"]),
};

/** A property's value for people; undefined where it may not be shown. */
export function shownValue({ type }: Change, property: string, value: unknown): string | undefined {
  if (!shown[type]?.has(property)) return undefined;
  if (value === undefined) return "nothing";
  return property === "image" && typeof value === "string" ? shortImage(value) : plain(value);
}

/** An image's name, tag and the digest's first seven digits. */
export function shortImage(reference: string): string {
  return reference.replace(/@sha256:([0-9a-f]{7})[0-9a-f]*$/, "@$1");
}

/**
 * Replaces every secret, also as it stands in a URL or in Base64, in a text that is to be shown. Of one that has several lines,
 * each line is one, as what is shown may come line by line.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = [...new Set([...secrets].flatMap((secret) => [secret, ...secret.split(/\r?\n/)]))]
    // A shorter one would black out ordinary words; nothing that the stack makes or takes is as short.
    .filter((secret) => secret.length >= 6)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString("base64"),
    ])
    .sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((result, form) => result.replaceAll(form, "[secret]"), text);
}

/** A value with all text in it redacted: before it is shortened or escaped, when a secret is still in one piece. */
export function redactAll<T>(value: T, redact: (text: string) => string): T {
  const inside = (inner: unknown): unknown => {
    if (typeof inner === "string") return redact(inner);
    if (Array.isArray(inner)) return inner.map(inside);
    if (inner === null || typeof inner !== "object") return inner;
    return Object.fromEntries(Object.entries(inner).map(([name, part]) => [redact(name), inside(part)]));
  };
  return inside(value) as T;
}
