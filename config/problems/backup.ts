import type { z } from "zod";

import { backupKeys } from "../keys/backup";
import { metaOf } from "../keys/fields";
import { removeCommand, setCommand, type Problem, type RawConfig } from "./index";
import { parseRepository } from "../repositories";

type BackupValues = z.output<z.ZodObject<typeof backupKeys>>;

/** What is told of each key is right, and still no continuous backup would come of it. */
export function backupProblems(
  raw: RawConfig,
  values: BackupValues & { postgresVersion: string; postgresSettings: Readonly<Record<string, string>> },
): Problem[] {
  const places = values.backupRepositories;
  if (places.length === 0) return [];
  const key = (...path: string[]) => `${raw.namespace}:${path.join(".")}`;
  const wanted = places.flatMap((place) => {
    const { secrets, secretFiles } = parseRepository(place)!;
    return [...Object.values(secrets), ...Object.values(secretFiles)];
  });
  const missing = wanted.filter((name) => values.backupCredentials[name] === undefined);
  const own = Object.keys(values.postgresSettings).filter((name) => archiving.includes(name));
  return [
    ...[...new Set(missing)].map((name) => ({
      key: key("backupCredentials", name),
      problem: "is missing, and backupRepositories names a place that it opens",
      command: setCommand(raw, ["backupCredentials", name], metaOf(backupKeys.backupCredentials)),
    })),
    ...(sameStore(places)
      ? [
          {
            key: key("backupRepositories"),
            problem: "must be places of two kinds: backupCredentials has one set for each kind",
            command: removeCommand(raw, ["backupRepositories", "1"]),
          },
        ]
      : []),
    // The pgBackRest of Debian 13, 2.55, knows no newer one.
    ...(values.postgresVersion === "18"
      ? [
          {
            key: key("postgresVersion"),
            problem: "must be 15, 16 or 17 with backupRepositories: pgBackRest 2.55 does not know 18",
            command: removeCommand(raw, ["backupRepositories"]),
          },
        ]
      : []),
    ...own.map((name) => ({
      key: key("postgresSettings", name),
      problem: "is not a stack's to set with backupRepositories: it says how the continuous backups are made",
      command: removeCommand(raw, ["postgresSettings", name]),
    })),
  ];
}

/** The settings that the continuous backups have to choose. */
const archiving = [...["archive_mode", "archive_command", "archive_library", "archive_timeout"], "wal_level"];

function sameStore(places: string[]): boolean {
  const [one, other] = places.map((place) => place.split(":")[0]);
  return one === other && places.length === 2;
}
