import type { Field } from "./model";

const bytes = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A value as Grafana shows it in a unit. */
export function format(value: number, unit?: string): string {
  if (unit?.startsWith("suffix:")) return `${digits(value)} ${unit.slice("suffix:".length).trim()}`;
  switch (unit) {
    case "percentunit":
      return `${digits(value * 100)} %`;
    case "bytes": {
      const power = Math.min(Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10), bytes.length - 1);
      return `${digits(value / 1024 ** power)} ${bytes[power]!}`;
    }
    case "s":
      return duration(value);
    case "reqps":
      return `${digits(value)} req/s`;
    case "ops":
      return `${digits(value)} /s`;
    case "dateTimeAsIso":
      return new Date(value).toISOString().slice(0, 19).replace("T", " ");
    case undefined:
      return digits(value);
    default:
      throw new Error(`the unit ${unit} is not drawn`);
  }
}

function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size !== 0 && size < 1) return `${digits(seconds * 1000)} ms`;
  if (size < 60) return `${digits(seconds)} s`;
  if (size < 3600) return `${digits(seconds / 60)} min`;
  return size < 86_400 ? `${digits(seconds / 3600)} h` : `${digits(seconds / 86_400)} d`;
}

const digits = (value: number) => String(Number(value.toPrecision(3)));

/** A number on a stat: its text and its colour, by the panel's mappings and thresholds. */
export function shown(
  value: number,
  { unit, thresholds, mappings }: Field = {},
): { text: string; color: string } {
  const mapped = mappings?.map(({ options }) => options[String(value)]).find(Boolean);
  if (mapped) return mapped;
  const steps = (thresholds?.steps ?? []).filter((step) => step.value === null || value >= step.value);
  return { text: format(value, unit), color: steps.at(-1)?.color ?? "text" };
}
