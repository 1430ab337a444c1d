/*
 * Draws docs/dashboards/: each dashboard with what a real Prometheus and Loki answer after ten minutes of a stack's life, with
 * a load, a new release, a bot that is away, a lock and a backup in it: `make dashboards`. Takes about fifteen minutes.
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { application, sql } from "../engine/support/application";
import { containerOf, docker } from "../engine/support/docker";
import { requestUntilHealthy } from "../engine/support/http";
import { Load } from "../engine/support/load";
import type { Project } from "../engine/support/project";
import { ask } from "./sheet/ask";
import { draw } from "./sheet/draw";
import { dashboards } from "./sheet/model";

const folder = join(__dirname, "../../docs/dashboards");
const sleep = (seconds: number) => new Promise((later) => setTimeout(later, seconds * 1000));

/** What happens to the stack, and the lines that say so under each title. */
const about = [
  "A drawing of the dashboard by this project, and not Grafana's own picture: its panels, with what a real Prometheus and Loki answered.",
  "A new stack on two processors under load: a new release of the bot, the bot stopped for 20 s, a table locked for 45 s, a backup.",
];

async function live(project: Project, url: string): Promise<void> {
  let load = new Load(url);
  await sleep(120);
  appendFileSync(join(project.directory, "images/bot/Dockerfile"), "\n# another release\n");
  project.run("./dating", ["images", "build", "bot"]);
  await project.up();
  await sleep(60);
  await load.stop();

  load = new Load(url);
  await sleep(60);
  const bot = containerOf(project.prefix, "bot");
  await docker("stop", bot);
  await sleep(20);
  await docker("start", bot);
  await requestUntilHealthy(url);
  await sleep(30);
  await sql(project, "begin; lock table interactions; select pg_sleep(45); rollback");
  project.run("./dating", ["backup", "create", project.stackName]);
  await sleep(45);
  await load.stop();
  await sleep(30);
}

async function main(): Promise<void> {
  const { project, url } = await application();
  try {
    await project.configurePath("monitoring", "true");
    await project.up();
    await requestUntilHealthy(url);
    const from = Date.now() / 1000;
    await live(project, url);
    const span = { from, to: Date.now() / 1000 };
    mkdirSync(folder, { recursive: true });
    for (const dashboard of dashboards()) {
      const answers = await ask(project.prefix, dashboard, span);
      const picture = draw({ dashboard, answers, about, span }).replaceAll(
        project.prefix,
        "dating-mini-app-dev",
      );
      writeFileSync(join(folder, `${dashboard.uid}.svg`), `${picture}\n`);
      console.log(`${dashboard.uid}: ${picture.length} characters`);
    }
  } finally {
    project.discard();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
