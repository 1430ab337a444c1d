import { localImage } from "../../../images/content";
import { docker } from "../support/docker";

jest.setTimeout(120_000);

/** Runs a script with the schedule of the verifications, at times that it chooses, where that runs: it prints JSON. */
async function schedule<T>(script: string): Promise<T> {
  const code = `
import json
from pathlib import Path
from dating_backup.verify import schedule, status

HOUR, DAY = 3600, 86400
# A Thursday, 0:00 UTC.
now = 1_795_651_200
answers = []

class Subject:
    name = "dumps"
    def verify(self):
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

def begin(cron="0 6 * * 0"):
    return schedule.Verifier(schedule.Schedule(cron, Path("/tmp/kept.json")), [Subject()], lambda: now)

def metrics():
    return {gauge.name: gauge.samples[0].value for gauge in status.Collector().collect() if gauge.samples}

${script}
`;
  const args = [
    "run",
    "--rm",
    "--network",
    "none",
    "--entrypoint",
    "python3",
    localImage("backup"),
    "-c",
    code,
  ];
  return JSON.parse(await docker(...args)) as T;
}

const due = "dating_backup_verify_last_due_timestamp_seconds";
const verified = "dating_backup_verified_timestamp_seconds";
const failed = "dating_backup_verify_last_run_failed";

test("a new stack verifies nothing before its first time, and no alert says that it should have", async () => {
  const told = await schedule<Record<string, number>[]>(`
verifier = begin()
verifier.look()
first = metrics()
now += 3 * DAY + 7 * HOUR
answers.append(5)
verifier.look()
print(json.dumps([first, metrics()]))`);
  expect(told[0]).toMatchObject({ [due]: 0, [failed]: 0 });
  expect(told[0]).not.toHaveProperty(verified);
  expect(told[1]).toMatchObject({ [failed]: 0, dating_backup_verified_rows: 5 });
  expect(told[1]![verified]).toBeGreaterThan(told[1]![due]!);
});

test("one that fails is tried again after an hour and not before, also where the service is started anew", async () => {
  const told = await schedule<number[]>(`
begin().look()
now += 3 * DAY + 7 * HOUR
answers += [RuntimeError("damaged"), 5]
begin().look()
failed = [metrics()["${failed}"], len(answers)]
now += HOUR - 60
begin().look()
failed.append(len(answers))
now += 60
begin().look()
begin().look()
print(json.dumps([*failed, len(answers), metrics()["${failed}"]]))`);
  expect(told).toEqual([1, 1, 1, 0, 0]);
});

test("one that ends with its service is not tried again at once", async () => {
  const told = await schedule<number>(`
begin().look()
now += 3 * DAY + 7 * HOUR
answers += [SystemExit(), 5]
try:
    begin().look()
except SystemExit:
    begin().look()
print(json.dumps(len(answers)))`);
  expect(told).toBe(1);
});

test("a service that cannot keep what it has verified starts all the same", async () => {
  const told = await schedule<string>(`
import shutil
schedule.status.told.write = lambda *_: (_ for _ in ()).throw(OSError("no space left on device"))
begin()
print(json.dumps("begun"))`);
  expect(told).toBe("begun");
});
