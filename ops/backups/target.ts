import { pgbackrestFolder } from "../../config/repositories";
import { deployedResources, dockerEnvironment, type DeployedResource } from "../stack/deployment";
import { provisionsRole } from "../guarded";
import { DockerHost } from "../host/inspect";
import { DockerCli } from "./docker";
import { BackupError } from "./archives/manifest";

/** What backups and restores need to know of a deployed stack. */
export interface Target {
  stack: string;
  /** First part of every name of the stack on its Docker host. */
  prefix: string;
  docker: DockerCli;
  /** Its container is that which runs. @throws BackupError where none does */
  database: { readonly container: string; name: string; superuser: string };
  /** The role that may read everything, and the network on which the database is reached. */
  reader: { host: string; user: string; password: string; network: string };
  /** The migration as deployed: what hooks/alembic.sh is told. */
  migration: { environment: Record<string, string>; password: string };
  /** The commands that gave the database's roles their passwords. */
  roles: { create: string; stdin: string; environment: Record<string, string> }[];
  images: { postgres: string; backup: string };
  /** Real name of each volume. */
  volumes: Record<string, string>;
  /** How the repositories of its continuous backups are reached; undefined where it has none. */
  continuous?: Repositories;
}

/** What pgBackRest has to be given to reach repositories. Secrets are in it. */
export interface Repositories {
  files: { path: string; content: string }[];
  /** The network that leads to a store; undefined where all of them are volumes. */
  network?: string;
}

/**
 * Reads a deployed stack from its state.
 *
 * @param resources its state, where that was read already
 * @throws BackupError when it was not deployed yet, or before it had backups
 */
export function readTarget(
  stack: string,
  resources: readonly DeployedResource[] = deployedResources(stack),
): Target {
  const role = resources.find(({ urn }) => urn.endsWith("::backup-role"));
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
  const migration = resources.find(({ urn }) => urn.endsWith("::migrations-upgrade"));
  if (!role || !migration || !outputs?.volumes || !outputs.images) {
    throw new BackupError(
      `Stack ${stack} is not deployed, or without its backups. Deploy it first: pulumi up --stack ${stack}`,
    );
  }
  const environment = role.inputs.environment as Record<string, string>;
  const onHost = dockerEnvironment([...resources]);
  return {
    stack,
    prefix: environment.PREFIX!,
    docker: new DockerCli(onHost),
    database: {
      // Asked for when it is needed: another stack's archives are read without its database.
      get container() {
        const postgres = new DockerHost(onHost).running(environment.PREFIX!, "postgres");
        if (!postgres)
          throw new BackupError(
            `No Postgres of stack ${stack} runs. See what does: ./dating status ${stack}`,
          );
        return postgres.Name.slice(1);
      },
      name: environment.DATABASE!,
      superuser: environment.SUPERUSER!,
    },
    reader: {
      host: environment.PGHOST!,
      user: environment.ROLE!,
      password: String(role.inputs.stdin),
      network: environment.NETWORK!,
    },
    migration: {
      environment: migration.inputs.environment as Record<string, string>,
      password: String(migration.inputs.stdin),
    },
    roles: resources.filter(provisionsRole).map(({ inputs }) => inputs as unknown as Target["roles"][number]),
    images: outputs.images as Target["images"],
    volumes: outputs.volumes as Target["volumes"],
    continuous: repositoriesOf(environment.PREFIX!, resources),
  };
}

/** The files that the backup service as deployed has for pgBackRest. */
function repositoriesOf(prefix: string, resources: readonly DeployedResource[]): Repositories | undefined {
  const service = resources.find(
    ({ type, urn }) => type === "docker:index/container:Container" && urn.endsWith(`::${prefix}-backup`),
  );
  const { uploads = [], networksAdvanced = [] } = (service?.inputs ?? {}) as {
    uploads?: { file: string; content: string }[];
    networksAdvanced?: { name: string }[];
  };
  const files = uploads
    .filter(({ file }) => file.startsWith(`${pgbackrestFolder}/`))
    .map(({ file, content }) => ({ path: file, content }));
  if (files.length === 0) return undefined;
  return { files, network: networksAdvanced.find(({ name }) => name === `${prefix}-edge`)?.name };
}

/** A volume's real name. @throws BackupError where the stack has none of that logical name */
export function realName(target: Target, volume: string): string {
  const name = target.volumes[volume];
  if (name) return name;
  const known = Object.keys(target.volumes).sort().join(", ");
  throw new BackupError(
    `Stack ${target.stack} has no volume ${volume}: there are ${known}. Nothing was changed.`,
  );
}
