import type { ServiceName } from "../config/keys";
import { ownWithSecrets } from "../config/own-services";
import { onlyReadsLabel } from "../config/volumes";

/** Who need not keep a rule, and why. */
export interface Waiver {
  rule: string;
  service: ServiceName;
  /** @default every container of the service; else one that has this label, which says that it does what it is let off for */
  label?: string;
  because: string;
}

export const waivers: Waiver[] = [
  {
    rule: "no-published-port",
    service: "traefik",
    because: "it is the one way in",
  },
  {
    rule: "no-docker-socket",
    service: "socket-proxy",
    because: "it lets a few reading calls through and refuses all others",
  },
  {
    rule: "no-host-path",
    service: "socket-proxy",
    because: "it reads the Docker socket",
  },
  {
    rule: "no-host-path",
    service: "node-exporter",
    because: "it measures the host's own disks, which it finds in the host's file system, read-only",
  },
  {
    rule: "no-host-path",
    service: "cadvisor",
    because: "it reads what each container uses in the kernel's own files, read-only and as nobody",
  },
  {
    rule: "user-namespace",
    service: "socket-proxy",
    because: "where the engine maps users to others of the host, only the host's own root opens the socket",
  },
  {
    rule: "selinux-label",
    service: "socket-proxy",
    because: "SELinux keeps every container that has a label from the socket",
  },
  {
    rule: "non-root",
    service: "socket-proxy",
    because: "the socket's group differs from host to host; root without capabilities opens it as its owner",
  },
  {
    rule: "non-root",
    service: "traefik",
    because:
      "the official image has no other user, and certificates that a backup or an adopted deployment brings belong to root",
  },
  {
    rule: "non-root",
    service: "backup",
    label: onlyReadsLabel,
    because:
      "with continuous backups it gives the repository to the owner of Postgres's files, whom the image chooses, and becomes two users without rights",
  },
  {
    rule: "no-secret-in-environment",
    service: "bot",
    because: "its image reads its secrets from the environment only",
  },
  ...ownWithSecrets.map((service) => ({
    ...{ rule: "no-secret-in-environment", service },
    because: "its secrets are given as environment variables, which every image can read",
  })),
];

/**
 * Whether a container need not keep a rule.
 *
 * @param labelOf what a label of it says
 */
export function isWaived(rule: string, labelOf: (name: string) => string | undefined): boolean {
  const service = labelOf("dating.service");
  return waivers.some(
    (waiver) =>
      waiver.rule === rule &&
      waiver.service === service &&
      (waiver.label === undefined || labelOf(waiver.label) !== undefined),
  );
}
