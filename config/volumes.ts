import { ownVolumes } from "./own-services";

/** The volumes that hold data; each survives every deploy. */
export const volumeNames = [
  "postgres_data",
  "traefik_certs",
  "photo_storage",
  "backup_data",
  // Also without `monitoring`: switched off and on again, it finds its history.
  "prometheus_data",
  "loki_data",
  "grafana_data",
  ...ownVolumes,
] as const;
export type VolumeName = (typeof volumeNames)[number];

/** The label of a volume whose content is nobody's: the service that has it throws it away itself. */
export const scratchLabel = "dating.scratch";

/** The label of a container that only reads a volume, whose logical name it has: a server may run on that meanwhile. */
export const onlyReadsLabel = "dating.only-reads";
