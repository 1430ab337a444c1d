import * as pulumi from "@pulumi/pulumi";

import { pgbackrestFolder as folder } from "../../config/repositories";
import type { ContainerFile } from "../workload";
import type { ContinuousArgs } from "./continuous";

const certificates = `${folder}/certificates.pem`;

type Option = [string, pulumi.Input<string>];

/** pgBackRest's configuration: everything but what the service itself says with each command. */
export function configurationFile(args: ContinuousArgs, passphrase: pulumi.Output<string>): ContainerFile {
  const options: Option[] = [
    ...args.repositories.flatMap((_, place) => repositoryOptions(args, place, passphrase)),
    // Zstandard at its fastest usual level: the write-ahead log is compressed while Postgres waits.
    ["compress-type", "zst"],
    // A backup begins at once, and not with the next checkpoint.
    ["start-fast", "y"],
    // Of a backup that was interrupted, the next one takes what is whole.
    ["resume", "y"],
    ["lock-path", "/tmp/pgbackrest"],
    // Nothing is in it; a restore empties it all the same.
    ["spool-path", "/tmp/pgbackrest-spool"],
    ["log-level-file", "off"],
    ["log-level-console", "off"],
    ["log-level-stderr", "warn"],
    // A store that does not answer is not waited for longer than Postgres waits.
    ["io-timeout", "30"],
  ];
  const lines = options.map(([name, value]) => pulumi.interpolate`${name}=${value}`);
  const content = pulumi.all(lines).apply((all) => `[global]\n${all.join("\n")}\n`);
  return { path: `${folder}/pgbackrest.conf`, content };
}

function repositoryOptions(args: ContinuousArgs, place: number, passphrase: pulumi.Output<string>): Option[] {
  const { options, secrets, secretFiles, remote } = args.repositories[place]!;
  const named = (name: string) => `repo${place + 1}-${name}`;
  return [
    ...Object.entries(options).map(([name, value]): Option => [named(name), value]),
    ...Object.entries(secrets).map(([name, from]): Option => [named(name), args.credentials[from]!]),
    ...Object.keys(secretFiles).map((name): Option => [named(name), secretPath(place, name)]),
    ...(remote && args.certificates ? [[named("storage-ca-file"), certificates] as Option] : []),
    [named("cipher-type"), "aes-256-cbc"],
    [named("cipher-pass"), passphrase],
    // Small files together, and of large ones what has changed: a differential backup is as large as that.
    [named("bundle"), "y"],
    [named("block"), "y"],
    [named("retention-full-type"), "time"],
    [named("retention-full"), String(args.keepDays)],
  ];
}

/** What pgBackRest reads from files of its own. */
export function repositoryFiles({
  repositories,
  credentials,
  certificates: pem,
}: ContinuousArgs): ContainerFile[] {
  return [
    ...repositories.flatMap(({ secretFiles }, place) =>
      Object.entries(secretFiles).map(([name, from]) => ({
        path: secretPath(place, name),
        content: credentials[from]!,
      })),
    ),
    ...(pem ? [{ path: certificates, content: pem }] : []),
  ];
}

const secretPath = (place: number, name: string) => `${folder}/repo${place + 1}-${name}`;
