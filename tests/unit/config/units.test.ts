import { toGoDuration, toMebibytes, toSeconds, type Duration } from "../../../config/units";

test.each<[Duration, number, string]>([
  ["1 second", 1, "1s"],
  ["30 seconds", 30, "30s"],
  ["1 minute", 60, "1m0s"],
  ["90 seconds", 90, "1m30s"],
  ["60 minutes", 3600, "1h0m0s"],
])("%s is %d seconds and %s to Docker", (duration, seconds, spelled) => {
  expect(toSeconds(duration)).toBe(seconds);
  expect(toGoDuration(duration)).toBe(spelled);
});

test.each(["0 seconds", "1.5 seconds", "-3 minutes"] as const)("%s is refused", (duration) => {
  expect(() => toSeconds(duration)).toThrow(`"${duration}" is not a whole, positive number of seconds`);
});

test("sizes are counted in MiB", () => {
  expect(toMebibytes("512 MiB")).toBe(512);
  expect(toMebibytes("2 GiB")).toBe(2048);
  expect(toMebibytes("1.5 GiB")).toBe(1536);
  expect(() => toMebibytes("0.3 MiB")).toThrow(RangeError);
});
