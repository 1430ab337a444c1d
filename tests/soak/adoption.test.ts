import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { sql } from "../engine/support/application";
import { docker } from "../engine/support/docker";
import { requestUntilHealthy } from "../engine/support/http";
import { Load } from "../engine/support/load";
import { Original } from "../engine/support/original";
import { freePort, Project } from "../engine/support/project";

jest.setTimeout(900_000);

let project: Project;
let original: Original;
let url: string;

beforeAll(async () => {
  project = await Project.create();
  const port = await freePort();
  url = `http://localhost:${port}`;
  await project.configure({ httpPort: String(port), localImages: "true" });
  original = await Original.start(project, port);
  await requestUntilHealthy(url);
});
afterAll(() => {
  project?.discard();
  original?.discard();
});

/** In the background, so that the load goes on. */
const adopt = (command: "start" | "back" | "finish", ...options: string[]) =>
  promisify(execFile)(
    "./dating",
    ["adopt", command, project.stackName, "--project", original.project, ...options],
    {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      maxBuffer: 64 * 1024 * 1024,
    },
  );

const count = "select count(*) from interactions";

/** Does something while people write. Every write that was acknowledged has to be there afterwards. */
async function whileWriting(
  what: string,
  action: () => Promise<unknown>,
  rows: () => Promise<string>,
): Promise<void> {
  const load = new Load(url);
  await new Promise((later) => setTimeout(later, 3000));
  await action();
  await requestUntilHealthy(url);
  await new Promise((later) => setTimeout(later, 3000));
  const seen = await load.stop();
  process.stderr.write(
    `${what}: ${seen.written} writes, ${seen.longestGap.toFixed(1)} s between two answers\n`,
  );
  expect(seen.written).toBeGreaterThan(100);
  written += seen.written;
  expect(Number(await rows())).toBeGreaterThanOrEqual(written);
}
let written = 0;

test("under load, no acknowledged write is lost: there, back, and there again for good", async () => {
  await whileWriting(
    "adoption",
    () => adopt("start", "--yes"),
    () => sql(project, count),
  );
  await whileWriting(
    "way back",
    () => adopt("back", "--yes"),
    () => original.sql(count),
  );
  await whileWriting(
    "again",
    () => adopt("start", "--yes"),
    () => sql(project, count),
  );
  expect((await adopt("finish")).stdout).toContain("are removed");
  const volumes = await docker("volume", "ls", "--quiet", "--filter", `name=^${original.project}_`);
  expect(volumes).toContain("postgres_data");
  expect(volumes).toContain("grafana_data");
  await requestUntilHealthy(url);
  expect(Number(await sql(project, count))).toBeGreaterThanOrEqual(written);
});
