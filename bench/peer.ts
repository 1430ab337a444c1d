import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { dump } from "js-yaml";

import { projectRoot } from "../images/content";
import { deployedResources, type DeployedResource } from "../ops/stack/deployment";
import { removeAll } from "../tests/engine/support/docker";
import { freePort } from "../tests/engine/support/project";

/** What the Docker provider was told of a container; only what the stack uses. */
interface Container {
  image: string;
  name?: string;
  command?: string[];
  entrypoints?: string[];
  envs?: string[];
  user?: string;
  labels: { label: string; value: string }[];
  networksAdvanced?: { name: string; aliases?: string[] }[];
  networkMode?: string;
  pidMode?: string;
  ports?: { internal: number; external: number; ip: string }[];
  volumes?: { volumeName?: string; hostPath?: string; containerPath: string; readOnly?: boolean }[];
  uploads?: { file: string; content: string }[];
  readOnly?: boolean;
  tmpfs?: Record<string, string>;
  healthcheck: { tests: string[]; interval: string; timeout: string; startPeriod: string; retries: number };
  memory: number;
  memorySwap: number;
  shmSize?: number;
  capabilities?: { adds?: string[]; drops?: string[] };
  securityOpts?: string[];
  ulimits?: { name: string; soft: number; hard: number }[];
  init?: boolean;
  restart: string;
  destroyGraceSeconds: number;
  logDriver: string;
  logOpts: Record<string, string>;
}

/** A service of a Compose file; only what a change of a release touches is named. */
export interface Service {
  image: string;
  environment: Record<string, string>;
  labels: Record<string, string>;
  mem_limit?: string;
  memswap_limit?: string;
  [key: string]: unknown;
}

/**
 * A Docker Compose project that is equal to a deployed stack, and made from it: the same images, limits, health checks,
 * networks, files and labels, under names and ports of its own. Like the deployment that this project replaces, it lets
 * the image of Postgres make the application's role; its migrations are a service that runs to its end.
 */
export class Peer {
  readonly url: string;
  private readonly directory = mkdtempSync(join(tmpdir(), "dating-peer-"));
  private readonly program = execFileSync(
    join(projectRoot, "offline/toolchain/setup"),
    ["service", "compose"],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    },
  ).trim();

  private constructor(
    private readonly prefix: string,
    private readonly model: { services: Record<string, Service> },
    edgePort: number,
    files: Record<string, string>,
  ) {
    this.url = `http://localhost:${edgePort}`;
    process.once("exit", () => this.discard());
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.directory, path)), { recursive: true });
      writeFileSync(join(this.directory, path), content, { mode: 0o444 });
    }
    this.write();
  }

  /** @param environment in which the Pulumi CLI finds the stack */
  static async of(stack: string, environment: NodeJS.ProcessEnv = process.env): Promise<Peer> {
    Object.assign(process.env, environment);
    const prefix = `dating-test-${process.pid}-peer`;
    // The stack's names are everywhere in it: in labels, commands, networks and volumes.
    const text = JSON.stringify(deployedResources(stack)).replaceAll(`dating-${stack}`, prefix);
    const resources = JSON.parse(text) as DeployedResource[];
    const ports = new Map<number, number>();
    const containers = resources.filter(({ type }) => type === "docker:index/container:Container");
    for (const { inputs } of containers)
      for (const { external } of (inputs as unknown as Container).ports ?? [])
        ports.set(external, await freePort());
    const translated = translate(resources, prefix, ports);
    const edge = containers.find(({ inputs }) => serviceOf(inputs as unknown as Container) === "traefik")!;
    const edgePort = ports.get((edge.inputs as unknown as Container).ports![0]!.external)!;
    return new Peer(prefix, translated.model, edgePort, translated.files);
  }

  /** Changes a service for the next `up`. */
  edit(service: string, change: (service: Service) => unknown): void {
    change(this.model.services[service]!);
    this.write();
  }

  /** `docker compose up -d --wait` */
  up(): void {
    this.compose("up", "--detach", "--wait");
  }

  /** `docker compose down`, with the volumes where nothing is to stay. */
  down(volumes = false): void {
    this.compose("down", ...(volumes ? ["--volumes"] : []));
  }

  discard(): void {
    removeAll(this.prefix);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The command line of Compose, for those who start it themselves. */
  command(...args: string[]): { program: string; args: string[] } {
    const project = ["--project-name", this.prefix, "--project-directory", this.directory];
    return {
      program: this.program,
      args: [...project, "--file", join(this.directory, "compose.yaml"), ...args],
    };
  }

  private compose(...words: string[]): void {
    const { program, args } = this.command(...words);
    execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  }

  private write(): void {
    writeFileSync(join(this.directory, "compose.yaml"), dump(this.model, { noRefs: true }));
  }
}

const serviceOf = ({ labels }: Container) => labels.find(({ label }) => label === "dating.service")!.value;

function translate(resources: DeployedResource[], prefix: string, ports: Map<number, number>) {
  const migration = resources.find(({ urn }) => urn.endsWith("::migrations-upgrade"))!;
  const password = String(migration.inputs.stdin);
  const labels = { "dating.stack": prefix };
  const files: Record<string, string> = {};
  const services: Record<string, Service> = { migrations: migrations(migration, password, labels) };
  for (const { type, inputs } of resources) {
    if (type !== "docker:index/container:Container") continue;
    const container = inputs as unknown as Container;
    const service = serviceOf(container);
    for (const { file, content } of container.uploads ?? []) {
      // One role has to do: the others are made by a deploy of the stack.
      files[`files/${service}${file}`] = /password/.test(file) ? password : content;
    }
    services[service] = translateService(container, service, ports);
  }
  const named = (type: string, more: (inputs: Record<string, unknown>) => object) =>
    Object.fromEntries(
      resources
        .filter((resource) => resource.type === type)
        .map(({ inputs }) => [String(inputs.name), { name: inputs.name, labels, ...more(inputs) }]),
    );
  const model = {
    services,
    networks: named("docker:index/network:Network", ({ internal }) => ({ internal: Boolean(internal) })),
    volumes: named("docker:index/volume:Volume", () => ({})),
  };
  return { model, files };
}

/** A dollar sign begins a variable in Compose's files. */
const literal = (text: string) => text.replaceAll("$", "$$$$");

function translateService(container: Container, service: string, ports: Map<number, number>): Service {
  const { healthcheck } = container;
  const waitsFor: Record<string, string> = {
    ...(["bot", "backup"].includes(service) && {
      migrations: "service_completed_successfully",
    }),
    ...(service === "postgres-exporter" && { postgres: "service_healthy" }),
  };
  return {
    image: container.image,
    command: container.command?.map(literal),
    entrypoint: container.entrypoints?.map(literal),
    environment: environment(container.envs ?? [], service),
    user: container.user,
    labels: Object.fromEntries(container.labels.map(({ label, value }) => [label, literal(value)])),
    network_mode: container.networksAdvanced?.length ? undefined : container.networkMode,
    pid: container.pidMode,
    networks: container.networksAdvanced?.length
      ? Object.fromEntries(container.networksAdvanced.map(({ name, aliases }) => [name, { aliases }]))
      : undefined,
    ports: container.ports?.map(({ ip, external, internal }) => `${ip}:${ports.get(external)}:${internal}`),
    volumes: [
      ...(container.volumes ?? []).map(
        ({ volumeName, hostPath, containerPath, readOnly }) =>
          `${volumeName ?? hostPath}:${containerPath}${readOnly ? ":ro" : ""}`,
      ),
      ...(container.uploads ?? []).map(({ file }) => `./files/${service}${file}:${file}:ro`),
    ],
    read_only: container.readOnly,
    tmpfs: Object.entries(container.tmpfs ?? {}).map(([path, options]) => `${path}:${options}`),
    healthcheck: {
      test: healthcheck.tests.map(literal),
      interval: healthcheck.interval,
      timeout: healthcheck.timeout,
      start_period: healthcheck.startPeriod,
      retries: healthcheck.retries,
    },
    mem_limit: `${container.memory}m`,
    shm_size: container.shmSize ? `${container.shmSize}m` : undefined,
    memswap_limit: `${container.memorySwap}m`,
    cap_add: container.capabilities?.adds,
    cap_drop: container.capabilities?.drops,
    security_opt: container.securityOpts,
    ulimits: Object.fromEntries(
      (container.ulimits ?? []).map(({ name, soft, hard }) => [name, { soft, hard }]),
    ),
    init: container.init,
    restart: container.restart,
    stop_grace_period: `${container.destroyGraceSeconds}s`,
    logging: { driver: container.logDriver, options: container.logOpts },
    depends_on: Object.fromEntries(
      Object.entries(waitsFor).map(([name, condition]) => [name, { condition }]),
    ),
  };
}

function environment(variables: string[], service: string): Record<string, string> {
  const entries = variables.map((variable): [string, string] => {
    const [name, ...value] = variable.split("=");
    return [name!, literal(value.join("="))];
  });
  const values = Object.fromEntries(entries);
  if (service === "postgres") return { ...values, POSTGRES_USER: "dating", POSTGRES_DB: "dating" };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, /USER$/.test(name) ? "dating" : value]),
  );
}

function migrations(migration: DeployedResource, password: string, labels: Record<string, string>): Service {
  const { IMAGE, NETWORK, PGHOST, PGDATABASE, PGUSER, VOLUME } = migration.inputs.environment as {
    [name in "IMAGE" | "NETWORK" | "PGHOST" | "PGDATABASE" | "PGUSER" | "VOLUME"]: string;
  };
  return {
    image: IMAGE,
    labels,
    user: "10003:10003",
    environment: { PGHOST, PGDATABASE, PGUSER, PASSWORD: password },
    entrypoint: ["sh", "-c", 'echo "$$PASSWORD" | run-alembic upgrade head'],
    volumes: [`${join(projectRoot, "migrations")}:/migrations:ro`, `${VOLUME}:/backups`],
    networks: [NETWORK],
    depends_on: { postgres: { condition: "service_healthy" } },
  };
}
