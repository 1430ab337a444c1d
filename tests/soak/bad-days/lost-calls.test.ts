import { application, sql } from "../../engine/support/application";
import { requestUntilHealthy } from "../../engine/support/http";
import { Load } from "../../engine/support/load";
import type { Project } from "../../engine/support/project";

// As many rollouts as a rollout has calls of the Docker CLI.
jest.setTimeout(3_600_000);

let project: Project;
let url: string;

beforeAll(async () => {
  ({ project, url } = await application());
  await project.up();
  await requestUntilHealthy(url);
});
afterAll(() => project?.discard());

/** A release of the bot under load, with the calls lost that a condition says. Returns the calls that were made. */
async function release(number: number, lost: string | undefined): Promise<number> {
  await project.stack.setConfig("dating:nsfwThreshold", { value: `0.${500 + number}` });
  project.loseCalls(lost);
  const rows = Number(await sql(project, "select count(*) from interactions"));
  const load = new Load(url);
  await project.up().catch(async (error: unknown) => {
    await load.stop();
    throw error;
  });
  await new Promise((later) => setTimeout(later, 2000));
  const seen = await load.stop();
  expect(seen.failures).toEqual([]);
  expect(Number(await sql(project, "select count(*) from interactions"))).toBe(rows + seen.written);
  return project.dockerCalls().length;
}

test("a rollout loses no request, whichever one of the hooks' calls gets no answer", async () => {
  const calls = await release(0, undefined);
  expect(calls).toBeGreaterThan(9);
  for (let lost = 1; lost <= calls; lost++) await release(lost, `$n -eq ${lost}`);
});
