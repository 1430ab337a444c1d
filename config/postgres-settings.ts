/** Server settings by name, as in `{ max_connections: "200" }`. */
export type PostgresSettings = Readonly<Record<string, string>>;

/** Where a server finds its volume. Every version of the image is told: from 18 on, its own folder is another one. */
export const dataFolder = "/var/lib/postgresql/data";

const files = "says where the image has its files";
const reach = "says how the stack's services reach the server";
const logging = "would take the log away from Docker, which rotates it and gives it to Loki";
const safety = "keeps what was committed, also when the power fails";

/** The settings that are the program's to choose, and what each of them does: the end of a sentence. */
const fixed: Readonly<Record<string, string>> = {
  ...{
    config_file: files,
    data_directory: files,
    external_pid_file: files,
    hba_file: files,
    ident_file: files,
  },
  ...{ listen_addresses: reach, port: reach, password_encryption: reach },
  ...{ unix_socket_directories: reach, unix_socket_group: reach, unix_socket_permissions: reach },
  ...{ log_destination: logging, logging_collector: logging },
  ...{ fsync: safety, full_page_writes: safety, zero_damaged_pages: safety, ignore_checksum_failure: safety },
};

/** What a setting does that no stack may choose; undefined for every other one. */
export function purposeOf(setting: string): string | undefined {
  return Object.hasOwn(fixed, setting) ? fixed[setting] : undefined;
}

/**
 * The settings that follow from the container's memory limit, as the manual recommends them for a server that has a machine of
 * that much memory to itself: a quarter is the server's own cache, and three quarters are what both caches can hold.
 * https://www.postgresql.org/docs/17/runtime-config-resource.html#GUC-SHARED-BUFFERS and
 * https://www.postgresql.org/docs/17/runtime-config-query.html#GUC-EFFECTIVE-CACHE-SIZE
 *
 * Building an index or cleaning a table up may take a sixteenth, of 16 MB and 1 GB at the utmost; autovacuum does three at once.
 * What a query may take for sorting stays Postgres's 4 MB: how many run at once is the application's to know.
 *
 * @param mebibytes the limit
 */
export function memorySettings(mebibytes: number): PostgresSettings {
  const share = (part: number) => Math.floor(mebibytes * part);
  return {
    effective_cache_size: `${share(3 / 4)}MB`,
    maintenance_work_mem: `${Math.min(1024, Math.max(16, share(1 / 16)))}MB`,
    shared_buffers: `${share(1 / 4)}MB`,
  };
}

/** Bytes of each unit that a size may have; without one it is in pages of 8 kB, as `shared_buffers` is. */
const units: Readonly<Record<string, number>> = {
  ...{ "": 8192, B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 },
};

/** The size of `shared_buffers` in MiB; undefined where it is none, which Postgres itself says. */
export function buffersOf(value: string): number | undefined {
  const [, amount, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([kMGT]?B)?\s*$/.exec(value) ?? [];
  return amount === undefined ? undefined : (Number(amount) * units[unit]!) / 1024 ** 2;
}
