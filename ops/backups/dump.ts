import { describe, writeArchive } from "./archives/archive";
import { archiveName, BackupError, format, type DatabasePart } from "./archives/manifest";
import type { ArchiveWriter, WritableStore } from "./archives/store";
import { Meter, metered } from "./archives/progress";
import type { DockerCli } from "./docker";

/** A database that can be reached from a Docker network. */
export interface DumpSource {
  docker: DockerCli;
  /** The image images/backup. */
  image: string;
  network: string;
  host: string;
  database: string;
  user: string;
  password: string;
}

/** Dumps a database into an archive, from a container of its own beside it. */
export async function dumpDatabase(source: DumpSource, archive: ArchiveWriter): Promise<DatabasePart> {
  const file = "database.dump";
  const limits = ["--memory", "256m", "--memory-swap", "256m", "--pids-limit", "256"];
  const rights = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--init"];
  const place = { PGHOST: source.host, PGDATABASE: source.database, PGUSER: source.user };
  let facts = "";
  const output = source.docker.read(
    [
      ...["run", "--rm", "--interactive", "--log-driver", "none", "--label", "dating.job=backup"],
      ...["--network", source.network, ...limits, ...rights],
      ...Object.entries(place).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      ...[source.image, "dump"],
    ],
    `${source.password}\n`,
    (said) => (facts = said.trim().split("\n").at(-1) ?? ""),
  );
  const meter = new Meter(`database ${source.database}`);
  await archive.write(file, metered(output, meter));
  if (meter.bytes === 0) throw new BackupError("The dump is empty.");
  const counted = JSON.parse(facts) as Omit<DatabasePart, "kind" | "file" | "bytes" | "sha256">;
  const tables = Object.values(counted.tables);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  meter.finish(`${rows} rows in ${tables.length} tables, revision ${counted.revision ?? "none"}`);
  return { kind: "database", file, bytes: meter.bytes, sha256: meter.sha256(), ...counted };
}

/** Dumps a database into an archive of its own, and says where that is. @param stack whose archive it is */
export async function archiveDatabase(
  store: WritableStore,
  stack: string,
  source: DumpSource,
): Promise<void> {
  const begin = new Date();
  const name = archiveName(begin);
  await writeArchive(store, name, async (writer) => {
    const parts = [await dumpDatabase(source, writer)];
    return { format, version: 1, name, stack, createdAt: begin.toISOString(), parts };
  });
  console.log(`Dumped to ${store.where}: ${describe(await store.manifest(name))}`);
}
