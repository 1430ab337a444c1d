/** A span of time with its unit, as in `"5 seconds"`. */
export type Duration = `${number} ${"second" | "seconds" | "minute" | "minutes"}`;

/** An amount of memory or disk with its unit, as in `"512 MiB"` (powers of 1024, as Docker counts). */
export type Size = `${number} ${"MiB" | "GiB"}`;

/** An amount of data with its unit, as in `"64 KiB"` (powers of 1024). */
export type Amount = `${number} ${"KiB" | "MiB" | "GiB"}`;

/** An amount of data in bytes. */
export function toBytes(amount: Amount): number {
  const [count, unit] = amount.split(" ") as [string, "KiB" | "MiB" | "GiB"];
  return Number(count) * { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[unit];
}

/**
 * A duration in whole seconds.
 *
 * @throws RangeError when it is not a whole, positive number of seconds
 */
export function toSeconds(duration: Duration): number {
  const [amount, unit] = duration.split(" ") as [string, string];
  const seconds = Number(amount) * (unit.startsWith("minute") ? 60 : 1);
  if (!Number.isInteger(seconds) || seconds <= 0) {
    throw new RangeError(`"${duration}" is not a whole, positive number of seconds`);
  }
  return seconds;
}

/**
 * A duration in the spelling of Go's `time.Duration.String()`: `"1m30s"`.
 *
 * Docker's provider reads durations back in this spelling; any other would be a difference in every preview.
 */
export function toGoDuration(duration: Duration): string {
  const total = toSeconds(duration);
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const seconds = `${total % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/**
 * A size in whole mebibytes, the unit of the Docker provider's memory arguments.
 *
 * @throws RangeError when it is not a whole, positive number of MiB
 */
export function toMebibytes(size: Size): number {
  const [amount, unit] = size.split(" ") as [string, string];
  const mebibytes = Number(amount) * (unit === "GiB" ? 1024 : 1);
  if (!Number.isInteger(mebibytes) || mebibytes <= 0) {
    throw new RangeError(`"${size}" is not a whole, positive number of MiB`);
  }
  return mebibytes;
}
