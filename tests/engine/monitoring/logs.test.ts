import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readMonitoringFiles } from "../../../components/monitoring/files";
import { lokiConfiguration } from "../../../components/monitoring/loki";
import { localImage } from "../../../images/content";
import { serviceNames } from "../../../config/keys";
import { application } from "../support/application";
import { containerOf, docker, services } from "../support/docker";
import { logs, until } from "../support/loki";
import type { Project } from "../support/project";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

let project: Project;
/** The container of a service of the stack, or of one that only the test has. */
const container = (service: string) =>
  (serviceNames as readonly string[]).includes(service)
    ? containerOf(project.prefix, service)
    : `${project.prefix}-${service}`;
const volume = () => `${project.prefix}_loki_data`;

/** Runs Loki on the stack's volume as it ran before the present schema, and has it store a line. */
async function writeOldLogs(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "dating-loki-"));
  const files = readMonitoringFiles();
  const oldLogs = { configuration: files.lokiOldLogs, until: "2099-01-01" };
  writeFileSync(join(folder, "loki.yml"), lokiConfiguration({ configuration: files.loki, oldLogs }));
  const name = container("old-loki");
  const label = ["--label", `dating.stack=${project.prefix}`];
  try {
    await docker("volume", "create", ...label, volume());
    await docker(
      ...["create", "--name", name, ...label, "--volume", `${volume()}:/loki`],
      ...[localImage("loki"), "-config.file=/etc/loki/loki.yml"],
    );
    await docker("cp", join(folder, "loki.yml"), `${name}:/etc/loki/loki.yml`);
    await docker("start", name);
    await until(
      () =>
        docker(
          ...["run", "--rm", "--network", `container:${name}`, "--entrypoint", "python3"],
          ...[localImage("bot"), "-c", storeOneLine],
        ).catch((error: Error) => error.message),
      (answer) => answer === "stored",
    );
    // Once stopped, its index is complete and its write-ahead log goes, so that nothing but the old index tells of the line.
    await docker("stop", name);
    await docker("rm", name);
    await docker(
      ...["run", "--rm", "--user", "0", "--entrypoint", "rm", "--volume", `${volume()}:/loki`],
      ...[localImage("bot"), "-r", "/loki/wal"],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const storeOneLine = `
import json, time, urllib.request
def post(path, body=b""):
    urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:3100" + path, body, {"Content-Type": "application/json"}))
line = [str(time.time_ns()), "written before the change"]
post("/loki/api/v1/push", json.dumps({"streams": [{"stream": {"job": "docker", "service": "old"}, "values": [line]}]}).encode())
post("/flush")
time.sleep(5)
print("stored", end="")
`;

/** A container of the stack that writes so many numbered lines, ten a second, and stays. */
async function startWriter(name: string, lines: number): Promise<void> {
  const write = `import time\nfor i in range(${lines}):\n    print("line", i, flush=True)\n    time.sleep(0.1)\ntime.sleep(3600)`;
  await docker(
    ...["run", "--detach", "--name", container(name), "--network", "none"],
    ...["--label", `dating.stack=${project.prefix}`, "--label", `dating.service=${name}`],
    ...["--entrypoint", "python3", localImage("bot"), "-c", write],
  );
}

/** The lines that Loki has of a service, in the order of their times, each as often as it has it. */
async function linesOf(service: string): Promise<string[]> {
  const streams = await logs(project.prefix, `{service="${service}"}`).catch(() => []);
  return streams
    .flatMap(({ values }) => values)
    .sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1))
    .map(([, line]) => line);
}
const numbered = (lines: number) => Array.from({ length: lines }, (_, i) => `line ${i}`);
const complete = (lines: number) => (found: string[]) => found.length >= lines;

beforeAll(async () => {
  ({ project } = await application());
  await project.configurePath("monitoring", "true");
  await writeOldLogs();
});
afterAll(() => project?.discard());

test("a deploy that would lose a volume's logs is refused before anything is touched, and says what keeps them", async () => {
  const refused = await project.up().then(
    () => "",
    ({ message }: Error) => message,
  );
  const [, key, day] =
    /Keep them: pulumi config set --stack \S+ dating:(\S+) (\d{4}-\d\d-\d\d)/.exec(refused) ?? [];
  expect(key).toBe("lokiTsdbFrom");
  expect(Object.keys(await services(project.prefix))).toEqual([]);
  await project.configurePath(key!, day!);
});

test("with that day, the old logs are found beside the new ones, and the next deploy changes nothing", async () => {
  await project.up();
  const found = await until(
    () => linesOf("old"),
    (lines) => lines.length > 0,
  );
  expect(found).toEqual(["written before the change"]);
  await until(
    () => linesOf("traefik"),
    (lines) => lines.length > 0,
  );
  expect((await project.up()).steps).toEqual([]);
});

soakTest(
  "what is written while Loki is away arrives when it is back, also if the collector was started anew meanwhile",
  async () => {
    await docker("stop", container("loki"));
    await startWriter("writer", 100);
    await new Promise((later) => setTimeout(later, 8_000));
    await docker("restart", container("alloy"));
    await docker("start", container("loki"));
    const found = await until(() => linesOf("writer"), complete(100));
    expect(found).toEqual(numbered(100));
  },
);

soakTest(
  "Promtail can take Alloy's place: the labels are the same, no line is missing and none is there twice",
  async () => {
    await startWriter("second", 100);
    await until(() => linesOf("second"), complete(10));
    const labels = async () =>
      [
        ...new Set(
          (await logs(project.prefix, '{service=~"bot|traefik"}')).map(({ stream }) =>
            JSON.stringify(stream),
          ),
        ),
      ].sort();
    const before = await labels();
    await project.configurePath("logCollector", "promtail");
    const { steps } = await project.up();
    expect(steps.filter((step) => !/alloy|promtail|prometheus/i.test(step))).toEqual([]);
    expect(Object.keys(await services(project.prefix))).not.toContain("alloy");
    await startWriter("third", 10);
    expect(await until(() => linesOf("third"), complete(10))).toEqual(numbered(10));
    expect(await until(() => linesOf("second"), complete(100))).toEqual(numbered(100));
    expect(await linesOf("writer")).toEqual(numbered(100));
    expect(await labels()).toEqual(before);
  },
);
