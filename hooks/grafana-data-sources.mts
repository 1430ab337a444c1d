/*
 * Removes data sources of the stack's own from Grafana, where its volume has them from an earlier life of the monitoring
 * profile, before a deploy makes them anew.
 *   GRAFANA_URL, GRAFANA_AUTH   see lib/grafana.mts
 *   DATA_SOURCES                uids, with spaces between
 */
import { askGrafana } from "./lib/grafana.mts";
import { run, variable } from "./lib/hook.mts";

await run(async () => {
  for (const uid of variable("DATA_SOURCES").split(" ")) await askGrafana("DELETE", `datasources/uid/${uid}`);
});
