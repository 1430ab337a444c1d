import { volumeNames } from "../../config/volumes";
import type { DockerCli } from "../backups/docker";
import { BackupError } from "../backups/archives/manifest";
import { psql, type Server } from "../backups/psql";

/** A container of the Compose deployment. */
export interface OriginalContainer {
  id: string;
  name: string;
  service: string;
  image: string;
  running: boolean;
  /** Its restart policy, as `docker update --restart` takes it. */
  restart: string;
  environment: Record<string, string>;
  labels: Record<string, string>;
  volumes: string[];
  networks: string[];
}

/** A deployment by Docker Compose, as found on its Docker host. Its environments hold secrets: never print them. */
export interface Original {
  project: string;
  containers: OriginalContainer[];
  database: OriginalContainer;
  /** The database's superuser, as whom the application logs in, and its password. */
  user: string;
  password: string;
  databaseName: string;
  /** Real names of the volumes that the stack takes over, by their logical names. */
  volumes: Record<string, string>;
  /** Volumes for which the stack has no service; they stay as they are. */
  otherVolumes: string[];
}

/**
 * Looks at what Compose deployed.
 *
 * @throws BackupError when there is no such deployment, or it has no database
 */
export async function findOriginal(docker: DockerCli, project: string): Promise<Original> {
  const containers = await listContainers(docker, project);
  const postgresData = `${project}_postgres_data`;
  // A container that once did something with the data, and is done, may have the volume, too.
  const servers = containers.filter(
    ({ volumes, environment }) => volumes.includes(postgresData) && environment.POSTGRES_PASSWORD,
  );
  const database =
    servers.find(({ running }) => running) ??
    servers[0] ??
    containers.find(({ volumes }) => volumes.includes(postgresData));
  if (!database) {
    throw new BackupError(
      `No container of the Compose project ${project} has the volume ${postgresData}. Its containers tell the ` +
        "password and the settings: make them where its docker-compose.yml is, docker compose up --no-start. " +
        "Another project's name: --project NAME. Nothing was changed.",
    );
  }
  const { POSTGRES_USER: user = "postgres", POSTGRES_PASSWORD: password } = database.environment;
  if (!password) {
    throw new BackupError(
      `${database.name} has no POSTGRES_PASSWORD in its environment. Nothing was changed.`,
    );
  }
  const listed = await docker.text(["volume", "ls", "--format", "{{.Name}}"]);
  const found = listed.split("\n").filter((name) => name.startsWith(`${project}_`));
  const volumes = Object.fromEntries(
    volumeNames.map((name) => [name, `${project}_${name}`]).filter(([, name]) => found.includes(name!)),
  ) as Record<string, string>;
  return {
    ...{ project, containers, database, user, password, volumes },
    databaseName: database.environment.POSTGRES_DB ?? user,
    otherVolumes: found.filter((name) => !Object.values(volumes).includes(name)),
  };
}

/** The original's server, reached over its local socket. */
export function originalServer(docker: DockerCli, { database, user }: Original): Server {
  return { docker, container: database.name, superuser: user };
}

/** What is said about a database before it is touched. */
export interface DatabaseState {
  version: string;
  revision: string;
  collate: string;
  /** How texts are ordered: two libraries that order differently need other indexes. */
  order: string;
  /** Version of the library that ordered the indexes; empty for musl's, which has none. */
  collationVersion: string;
}

/** Orders texts that libraries are known to disagree about. */
const orderProbe =
  "SELECT string_agg(c, '' ORDER BY c) FROM unnest(ARRAY['a','A','b','B','_','-','é','É','z','Z','1','ß']) AS c";

export async function databaseState(server: Server, database: string): Promise<DatabaseState> {
  const revision = await psql(
    server,
    database,
    "SELECT to_regclass('public.alembic_version') IS NOT NULL AS there \\gset\n" +
      "\\if :there\nSELECT version_num FROM alembic_version;\n\\endif",
  );
  const facts = await psql(
    server,
    database,
    `SELECT current_setting('server_version_num'), datcollate, coalesce(datcollversion, '') FROM pg_database
      WHERE datname = current_database(); ${orderProbe};`,
  );
  const [first, order] = facts.split("\n") as [string, string];
  const [version, collate, collationVersion] = first.split("|") as [string, string, string];
  return { version, revision, collate, order, collationVersion };
}

function policyOf({ Name, MaximumRetryCount: most }: { Name: string; MaximumRetryCount: number }): string {
  return Name === "on-failure" && most > 0 ? `${Name}:${most}` : Name || "no";
}

async function listContainers(docker: DockerCli, project: string): Promise<OriginalContainer[]> {
  const filter = `label=com.docker.compose.project=${project}`;
  const ids = (await docker.text(["ps", "--all", "--quiet", "--filter", filter])).split("\n").filter(Boolean);
  if (ids.length === 0) return [];
  const inspected = JSON.parse(await docker.text(["inspect", ...ids])) as {
    Id: string;
    Name: string;
    State: { Running: boolean };
    HostConfig: { RestartPolicy: { Name: string; MaximumRetryCount: number } };
    Config: { Image: string; Env: string[] | null; Labels: Record<string, string> };
    Mounts: { Type: string; Name?: string }[];
    NetworkSettings: { Networks: Record<string, unknown> };
  }[];
  return inspected.map(({ Id, Name, State, HostConfig, Config, Mounts, NetworkSettings }) => ({
    id: Id,
    name: Name.slice(1),
    service: Config.Labels["com.docker.compose.service"] ?? "",
    image: Config.Image,
    running: State.Running,
    restart: policyOf(HostConfig.RestartPolicy),
    environment: Object.fromEntries(
      (Config.Env ?? []).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ),
    labels: Config.Labels,
    volumes: Mounts.flatMap(({ Type, Name: name }) => (Type === "volume" && name ? [name] : [])),
    networks: Object.keys(NetworkSettings.Networks),
  }));
}
