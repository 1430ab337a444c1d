/*
 * Makes room in Grafana for what a deploy is about to make there, where its volume has it from an earlier life of the
 * monitoring profile: the profile takes Grafana away with everything in it, and brings it back with its volume.
 *   node --require tsx/cjs hooks/grafana-room.ts out | back
 *   out            removes the data sources and the folders of these uids; the folders' dashboards go to the root folder
 *                  first, and their uids are printed, where there are any
 *   back           puts them back, but for those that were moved on or deleted since
 *   GRAFANA_URL    where this machine reaches Grafana
 *   GRAFANA_AUTH   name and password of its administrator, with a colon between
 *   DATA_SOURCES, FOLDERS   uids, separated by spaces
 *   MOVED          what `out` has printed
 */
interface Dashboard {
  dashboard: object;
  meta: { folderUid?: string };
}
type Moved = { uid: string; folder: string }[];

const { GRAFANA_URL: url = "", GRAFANA_AUTH: auth = "" } = process.env;
const words = (text = "") => text.split(" ").filter(Boolean);

/** What Grafana answers; undefined where it does not have that. */
async function ask<T>(method: string, path: string, body?: object): Promise<T | undefined> {
  const answer = await fetch(`${url}/api/${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(auth).toString("base64")}`,
      "content-type": "application/json",
    },
    body: body && JSON.stringify(body),
  });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Puts a dashboard into a folder as it is, with its versions; false where it is not in the folder that it is taken from. */
async function move(uid: string, from: string, to: string): Promise<boolean> {
  const found = await ask<Dashboard>("GET", `dashboards/uid/${uid}`);
  if (!found || (found.meta.folderUid ?? "") !== from) return false;
  const { dashboard } = found;
  await ask("POST", "dashboards/db", {
    dashboard,
    folderUid: to,
    overwrite: true,
    message: "Moved by a deploy",
  });
  return true;
}

async function out(): Promise<Moved> {
  for (const uid of words(process.env.DATA_SOURCES)) await ask("DELETE", `datasources/uid/${uid}`);
  const moved: Moved = [];
  for (const folder of words(process.env.FOLDERS)) {
    if (!(await ask("GET", `folders/${folder}`))) continue;
    const inside = await ask<{ uid: string }[]>("GET", `search?type=dash-db&limit=5000&folderUIDs=${folder}`);
    for (const { uid } of inside ?? []) if (await move(uid, folder, "")) moved.push({ uid, folder });
    await ask("DELETE", `folders/${folder}`);
  }
  return moved;
}

async function back(): Promise<void> {
  for (const { uid, folder } of JSON.parse(process.env.MOVED || "[]") as Moved) await move(uid, "", folder);
}

const steps: Record<string, () => Promise<void>> = {
  out: async () => {
    const moved = await out();
    // What is printed stands in the output of the deploy.
    if (moved.length > 0) console.log(JSON.stringify(moved));
  },
  back,
};

steps[process.argv[2] ?? ""]!().catch((error: Error) => {
  const { cause } = error as { cause?: { message?: string } };
  console.error(`Grafana at ${url} does not make room: ${cause?.message ?? error.message}`);
  process.exitCode = 1;
});
