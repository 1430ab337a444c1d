import { createHash } from "node:crypto";
import { Transform, type Readable } from "node:stream";

const seconds = 2;

/** Passes a stream on, counts and hashes it, and says how far it is. */
export class Meter extends Transform {
  bytes = 0;
  private readonly hash = createHash("sha256");
  private readonly begin = Date.now();
  private said = Date.now();

  /** @param total size, where it is known */
  constructor(
    private readonly label: string,
    private readonly total?: number,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    if (Date.now() - this.said > seconds * 1000) {
      this.said = Date.now();
      this.say(process.stderr.isTTY ? "\r" : "\n");
    }
    this.push(chunk);
    done();
  }

  /** Of everything that went through, in hex. To be asked once, at the end. */
  sha256(): string {
    return this.hash.digest("hex");
  }

  /** The last line of this stream. */
  finish(remark = ""): void {
    process.stderr.write(`${process.stderr.isTTY ? "\r" : ""}${this.line()}${remark && `, ${remark}`}\n`);
  }

  private say(end: string): void {
    process.stderr.write(`${this.line()} …${end}`);
  }

  private line(): string {
    const took = Math.max((Date.now() - this.begin) / 1000, 0.001);
    const of = this.total ? ` of ${size(this.total)}` : "";
    return `  ${this.label.padEnd(28)} ${size(this.bytes)}${of} in ${took.toFixed(1)} s, ${size(this.bytes / took)}/s`;
  }
}

/** Passes a stream on through a meter; whatever goes wrong with the one goes wrong with the other. */
export function metered(source: Readable, meter: Meter): Readable {
  source.on("error", (error) => meter.destroy(error));
  meter.on("close", () => source.destroy());
  return source.pipe(meter);
}

/** A number of bytes for people. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** How long ago something was, for people. */
export function ago(then: Date, now = new Date()): string {
  const seconds = Math.max(0, (now.getTime() - then.getTime()) / 1000);
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  const [unit, length] = units.find(([, each]) => seconds >= each) ?? ["second", 1];
  const count = Math.floor(seconds / length);
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}
