/** What opens a place for continuous backups: the parts of `backupCredentials`. */
export const credentialNames = ["s3Key", "s3Secret", "azureKey", "gcsKey", "sftpKey"] as const;
export type CredentialName = (typeof credentialNames)[number];

/** Where pgBackRest has its configuration, and the files that this names: https://pgbackrest.org/configuration.html */
export const pgbackrestFolder = "/etc/pgbackrest";

/** A place for continuous backups. */
export interface Repository {
  /** What it is called in metrics, alerts and logs: `volume`, or the first word of its address. */
  kind: string;
  /** What pgBackRest is told of it, by the ends of its options' names: `s3-bucket` of `repo1-s3-bucket`. */
  options: Readonly<Record<string, string>>;
  /** The credentials that it needs, by the options that take them. */
  secrets: Readonly<Record<string, CredentialName>>;
  /** The same for those that pgBackRest reads from a file of its own. */
  secretFiles: Readonly<Record<string, CredentialName>>;
  /** Whether it is reached over the network. */
  remote: boolean;
}

/** Where the backup service has the place `volume`: in `backup_data`, beside the dumps. */
export const volumeFolder = "/backups/continuous/repository";

const local: Repository = {
  ...{ kind: "volume", options: { path: volumeFolder } },
  ...{ secrets: {}, secretFiles: {}, remote: false },
};

/** Reads the address of a place; undefined where it is none. */
export function parseRepository(address: string): Repository | undefined {
  if (address === "volume") return local;
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.password !== "" || url.hash !== "") return undefined;
  const reader = Object.hasOwn(readers, url.protocol) ? readers[url.protocol] : undefined;
  const asked = [...url.searchParams.keys()];
  if (!reader || new Set(asked).size < asked.length) return undefined;
  if (asked.some((name) => !reader.parameters.includes(name))) return undefined;
  const read = reader.read(url, (name) => url.searchParams.get(name) ?? undefined);
  return read && { kind: url.protocol.slice(0, -1), secrets: {}, secretFiles: {}, remote: true, ...read };
}

type Read = Pick<Repository, "options"> & Partial<Pick<Repository, "secrets" | "secretFiles">>;
interface Reader {
  /** What may stand behind the question mark. */
  parameters: readonly string[];
  read(url: URL, parameter: (name: string) => string | undefined): Read | undefined;
}

const bucket = /^[a-z0-9][a-z0-9._-]{2,62}$/;
const host = /^[a-zA-Z0-9.-]+(:\d{1,5})?$/;
const folder = (url: URL) => (/^(\/[A-Za-z0-9._-]+)+$/.test(url.pathname) ? url.pathname : undefined);

/** https://pgbackrest.org/configuration.html#section-repository */
const readers: Readonly<Record<string, Reader>> = {
  "s3:": {
    parameters: ["region", "endpoint", "style"],
    read(url, parameter) {
      const [path, region, style = "host"] = [folder(url), parameter("region"), parameter("style")];
      const endpoint = parameter("endpoint") ?? `s3.${region}.amazonaws.com`;
      if (!path || !region || !/^[a-z0-9-]+$/.test(region) || !host.test(endpoint) || url.username !== "")
        return undefined;
      if (!bucket.test(url.hostname) || url.port !== "" || !["host", "path"].includes(style))
        return undefined;
      const [name, port] = endpoint.split(":");
      return {
        options: {
          ...{ type: "s3", path, "s3-bucket": url.hostname, "s3-endpoint": name!, "s3-region": region },
          ...{ "s3-uri-style": style, ...(port && { "storage-port": port }) },
        },
        secrets: { "s3-key": "s3Key", "s3-key-secret": "s3Secret" },
      };
    },
  },
  "azure:": {
    parameters: [],
    read(url) {
      const [, container, path] = /^\/([a-z0-9-]{3,63})((?:\/[A-Za-z0-9._-]+)+)$/.exec(url.pathname) ?? [];
      if (!container || !path || !/^[a-z0-9]{3,24}$/.test(url.host) || url.username !== "") return undefined;
      return {
        options: { type: "azure", path, "azure-account": url.host, "azure-container": container },
        secrets: { "azure-key": "azureKey" },
      };
    },
  },
  "gs:": {
    parameters: [],
    read(url) {
      const path = folder(url);
      if (!path || !bucket.test(url.host) || url.username !== "") return undefined;
      return {
        options: { type: "gcs", path, "gcs-bucket": url.host },
        secretFiles: { "gcs-key": "gcsKey" },
      };
    },
  },
  "sftp:": {
    parameters: ["fingerprint"],
    read(url, parameter) {
      const [path, fingerprint] = [folder(url), parameter("fingerprint")];
      if (!path || !url.username || !host.test(url.host) || !/^[0-9a-f]{64}$/.test(fingerprint ?? ""))
        return undefined;
      return {
        options: {
          ...{ type: "sftp", path, "sftp-host": url.hostname, "sftp-host-user": url.username },
          ...{ "sftp-host-key-hash-type": "sha256", "sftp-host-key-check-type": "fingerprint" },
          ...{ "sftp-host-fingerprint": fingerprint!, ...(url.port && { "sftp-host-port": url.port }) },
        },
        secretFiles: { "sftp-private-key-file": "sftpKey" },
      };
    },
  },
};
