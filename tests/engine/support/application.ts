import { containerOf, docker } from "./docker";
import { requestUntilHealthy } from "./http";
import { freePort, Project } from "./project";

/** A token of the right form that Telegram never gave out. */
export const botToken = `${"1".repeat(9)}:${"test".repeat(9)}`;

/** A project with the whole application configured on free ports, not deployed yet. */
export async function application(): Promise<{ project: Project; url: string }> {
  const project = await Project.create();
  const port = await freePort();
  await project.configure(
    {
      ...{ domain: "localhost", localImages: "true" },
      // Tests send as many requests as they can, and all from one address.
      rateLimit: "0",
      ...{ httpPort: String(port), grafanaPort: String(await freePort()) },
    },
    { botToken },
  );
  return { project, url: `http://localhost:${port}` };
}

/** The same, deployed, and answering. */
export async function deployedApplication(): Promise<{ project: Project; url: string }> {
  const { project, url } = await application();
  await project.up();
  await requestUntilHealthy(url);
  return { project, url };
}

/** Runs a statement as the superuser and returns its rows, one a line. */
export function sql(project: Project, statement: string): Promise<string> {
  const psql = [
    "psql",
    "--no-psqlrc",
    "--tuples-only",
    "--no-align",
    "--username",
    "postgres",
    "--dbname",
    "dating",
  ];
  return docker("exec", containerOf(project.prefix, "postgres"), ...psql, "--command", statement);
}

/** Number of rows of every table of the application. */
export async function rowCounts(project: Project): Promise<Record<string, number>> {
  const names = await sql(project, "select tablename from pg_tables where schemaname = 'public' order by 1");
  const counts: Record<string, number> = {};
  for (const name of names.split("\n"))
    counts[name] = Number(await sql(project, `select count(*) from ${name}`));
  return counts;
}
