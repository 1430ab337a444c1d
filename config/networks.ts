/**
 * The networks of a stack, and the share that each has of a configured range, a /24. Without a range, the Docker Engine gives
 * each of them one of its own.
 */
export const networkShares = {
  /** What the edge leads to. It has a way out. */
  edge: { begin: 0, bits: 26 },
  /** The database and what asks it. */
  internal: { begin: 64, bits: 26 },
  /** On which the Docker Engine's API is read: the socket proxy and its users. */
  "docker-api": { begin: 128, bits: 26 },
  /** Metrics, logs and alerts: who measures and who is measured. The bot and the web app are not on it. */
  monitoring: { begin: 192, bits: 27 },
  /** A way out for the monitoring services that need one; nobody is reached on it. Only with `dating:monitoring`. */
  egress: { begin: 224, bits: 27 },
} as const;

/** On which the edge reaches the edges of preview environments. Only with `dating:previewDomain`; it has no share of the range. */
const previewNetwork = "previews";

export type NetworkName = keyof typeof networkShares | typeof previewNetwork;

/** The networks with a way out. */
export const outward: readonly NetworkName[] = ["edge", "egress"];

/** The networks that a stack makes. */
export function networksFor(monitoring: boolean, previews = false): NetworkName[] {
  const shared: NetworkName[] = Object.keys(networkShares) as (keyof typeof networkShares)[];
  return shared.filter((name) => monitoring || name !== "egress").concat(previews ? [previewNetwork] : []);
}
