/** Something on the Docker host, or in what it runs, that differs from what was deployed. */
export interface Finding {
  urn: string;
  /** What people call it: a service, a volume, a role. */
  subject: string;
  /** What is different, in words. Never holds a value of a secret. */
  text: string;
  /** The resource's input that differs, where it is one. */
  property?: string;
  /** The engine's own refresh sees it, so a deploy with a refresh mends it. */
  seenByEngine?: true;
  /** A container that was not deployed and stands in the way. */
  intruder?: { id: string; holdsTheName: boolean };
  /** Id of a container that has only to be started. */
  stopped?: string;
  /** Name of a volume that is gone with its data. */
  lostVolume?: string;
}

/** The last part of a resource's URN: the name that the program gave it. */
export function nameOf(urn: string): string {
  return urn.split("::").at(-1)!;
}
