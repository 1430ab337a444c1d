import type { Job, Period } from "../../config/services/schema";

/** Says that the last run has failed. */
export const failed = "/tmp/failed";

/** Runs a program by the clock: the time of a run does not move with the time that a run takes, nor with a deploy. */
export function clock({ every, at = "00:00" }: Job): string {
  const period = secondsOf(every);
  const [hours = 0, minutes = 0] = at.split(":").map(Number);
  const offset = (hours * 3600 + minutes * 60) % period;
  return `
trap 'kill "$child" 2>/dev/null; wait; exit 0' TERM INT
while :; do
  now=$(date +%s)
  sleep $((${period} - (now - ${offset}) % ${period})) & child=$!
  wait "$child"
  "$@" & child=$!
  if wait "$child"; then rm -f ${failed}; else echo "exit code $?" >&2; : >${failed}; fi
done`;
}

function secondsOf(period: Period): number {
  const [count, unit] = period.split(" ") as [string, string];
  return (
    Number(count) *
    { minute: 60, hour: 3600, day: 86_400 }[unit.replace(/s$/, "") as "minute" | "hour" | "day"]
  );
}
