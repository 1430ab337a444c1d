/** How a new release of the bot takes over: beside the one before it, or after it has stopped. */
export const botRollouts = ["start-first", "stop-first"] as const;
export type BotRollout = (typeof botRollouts)[number];

/** Where the bot finds the volume with the photos. */
export const photoPath = "/app/photos";

/** The folders that a container has anyway, or that the kernel has the say of: none is made writable. */
const taken = ["/tmp", "/proc", "/sys", "/dev", photoPath];

/** Whether a folder can be given to the bot to write, beside those that it has. */
export function canBeWritable(path: string): boolean {
  return !taken.some(
    (other) => path === other || path.startsWith(`${other}/`) || other.startsWith(`${path}/`),
  );
}
