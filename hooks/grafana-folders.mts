/*
 * Makes the folders of the stack's dashboards in Grafana, or takes those that are there, with everything in them.
 *   GRAFANA_URL, GRAFANA_AUTH   see lib/grafana.mts
 *   FOLDERS                     as JSON: [{"uid": …, "title": …}]
 */
import { Deadline } from "./lib/docker.mts";
import { askGrafana, GrafanaRefused } from "./lib/grafana.mts";
import { run, variable } from "./lib/hook.mts";

interface Folder {
  uid: string;
  title: string;
}

/**
 * Major and minor version of the oldest Grafana that does what is asked of it: before 11.3, a dashboard is saved over another
 * one of its folder that has the same title (grafana/grafana 90687), and its plugins cannot be kept from the internet.
 */
const oldest = [11, 3] as const;

/** Seconds for which Grafana lets nobody in after five wrong passwords, and a little more. */
const locked = 310;

await run(async () => {
  await letIn();
  await requireSupported();
  for (const folder of JSON.parse(variable("FOLDERS")) as Folder[]) await take(folder);
});

/** The password was set just now, so a Grafana that refuses it has had too many wrong ones before, and asks nobody for a while. */
async function letIn(): Promise<void> {
  const deadline = new Deadline(locked);
  for (;;) {
    try {
      await askGrafana("GET", "org");
      return;
    } catch (error) {
      if (!(error instanceof GrafanaRefused) || error.status !== 401 || deadline.passed) throw error;
      await deadline.sleep(10_000);
    }
  }
}

async function requireSupported(): Promise<void> {
  const { version = "" } = (await askGrafana<{ version?: string }>("GET", "health")) ?? {};
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new Error(
    `This is Grafana ${version || "of a version that it does not tell"}, and the oldest that is supported is ${oldest.join(".")}. ` +
      "Take a newer image: pulumi config set --path dating:images.grafana …",
  );
}

/** A folder that is there keeps its content and its permissions. */
async function take({ uid, title }: Folder): Promise<void> {
  const found = await askGrafana<Folder>("GET", `folders/${uid}`);
  if (!found) await askGrafana("POST", "folders", { uid, title });
  else if (found.title !== title) await askGrafana("PUT", `folders/${uid}`, { title, overwrite: true });
}
