import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { localImage } from "../../../../images/content";
import { docker, list, removeLabelled } from "../docker";
import type { Project } from "../project";

const root = resolve(__dirname, "../../../..");

/** The password in the original's .env, as `openssl rand -base64` makes them. */
export const originalPassword = "Zm9v+YmFy/cXV4Cg=='x";
export const originalJwtSecret = "the-original-jwt-secret-0123456789";

/**
 * The Compose deployment that an existing server runs, made of the images at hand: its names, labels, volumes, networks,
 * superuser and revision. Its Postgres has the user id of postgres:15-alpine and orders texts as musl does.
 */
export class Original {
  private constructor(readonly project: string) {}

  static async start(stack: Project, port: number): Promise<Original> {
    const original = new Original(`original-${stack.stackName}`);
    await original.create(port);
    return original;
  }

  container(service: string): string {
    return `${this.project}-${service}-1`;
  }

  volume(name: string): string {
    return `${this.project}_${name}`;
  }

  /** Rows of a statement on the original's database. */
  sql(statement: string): Promise<string> {
    const psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--username", "dating"];
    return docker("exec", this.container("db"), ...psql, "--dbname", "dating", "--command", statement);
  }

  private async create(port: number): Promise<void> {
    await docker(
      "network",
      "create",
      "--label",
      `com.docker.compose.project=${this.project}`,
      `${this.project}_default`,
    );
    const image = await this.alpineLike();
    const postgres = {
      POSTGRES_USER: "dating",
      POSTGRES_PASSWORD: originalPassword,
      POSTGRES_DB: "dating",
    };
    await this.run("db", image, postgres, [`${this.volume("postgres_data")}:/var/lib/postgresql/data`]);
    const wait = "until pg_isready -q -h 127.0.0.1; do sleep 0.1; done";
    await docker("exec", this.container("db"), "timeout", "60", "bash", "-c", wait);
    this.migrate();
    await this.sql(
      `insert into users (tg_id, username, first_name) select n, 'User_' || n, 'Zoë' from generate_series(1, 500) n;
       insert into profiles (user_id, name, birth_date, gender, orientation, goal, geohash)
       select n, 'n' || n, '1990-01-01', 'other', 'any', 'dating', (array['u33_D', 'U33_d', 'u33-d', 'Z', 'a', 'B'])[1 + n % 6] || n
         from generate_series(1, 300) n;`,
    );
    const bot = {
      ...{ API_HOST: "0.0.0.0", API_PORT: "8080", BOT_TOKEN: `${"2".repeat(9)}:${"orig".repeat(9)}` },
      BOT_DATABASE_URL: `postgresql+asyncpg://dating:${encodeURIComponent(originalPassword)}@db:5432/dating`,
      ...{ JWT_SECRET: originalJwtSecret, NSFW_THRESHOLD: "0.6", PHOTO_STORAGE_PATH: "/app/photos" },
      ...{ PHOTO_CDN_URL: "https://cdn.example.com/photos", WEBAPP_URL: "https://dating.example.com" },
    };
    await this.run("bot", localImage("bot"), bot, [`${this.volume("photo_storage")}:/app/photos`], {
      "traefik.enable": "true",
      "traefik.http.routers.bot.rule": "Host(`localhost`) && PathPrefix(`/`)",
      "traefik.http.services.bot.loadbalancer.server.port": "8080",
    });
    await docker("exec", this.container("bot"), "sh", "-c", "head -c 50000 /dev/urandom >/app/photos/1.jpg");
    await this.run(
      "traefik",
      localImage("traefik"),
      {},
      ["/var/run/docker.sock:/var/run/docker.sock:ro"],
      {},
      {
        options: ["--publish", `${port}:80`],
        command: [
          "--providers.docker=true",
          "--providers.docker.exposedbydefault=false",
          `--providers.docker.constraints=Label(\`com.docker.compose.project\`, \`${this.project}\`)`,
          "--entrypoints.web.address=:80",
        ],
      },
    );
    // What a Grafana user has made is a row in Grafana's SQLite file.
    await docker(
      ...[
        "run",
        "--rm",
        "--user",
        "0",
        "--volume",
        `${this.volume("grafana_data")}:/g`,
        "--entrypoint",
        "python3",
      ],
      ...[localImage("backup"), "-c", grafanaFile],
    );
  }

  /** The database's image as on Alpine: another user id, and an order of texts by code point. */
  private async alpineLike(): Promise<string> {
    const tag = "dating-test/original-postgres:15";
    const recipe = `FROM ${localImage("postgres-15")}
RUN usermod -u 70 postgres && groupmod -g 70 postgres && chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql \\
 && localedef --delete-from-archive en_US.utf8 && cp -r /usr/lib/locale/C.utf8 /usr/lib/locale/en_US.utf8`;
    const built = spawnSync("docker", ["build", "--force-rm", "--tag", tag, "-"], {
      input: recipe,
      encoding: "utf8",
    });
    if (built.status !== 0) throw new Error(built.stdout + built.stderr);
    return Promise.resolve(tag);
  }

  private migrate(): void {
    const { status, stderr } = spawnSync(
      "bash",
      ["hooks/alembic.sh", "upgrade", "002_create_discovery_tables"],
      {
        cwd: root,
        input: originalPassword,
        env: {
          ...process.env,
          ...{
            IMAGE: localImage("migrations"),
            NETWORK: `${this.project}_default`,
            NAME: `${this.project}-migrate`,
          },
          ...{ PGHOST: "db", PGDATABASE: "dating", PGUSER: "dating" },
        },
        encoding: "utf8",
      },
    );
    if (status !== 0) throw new Error(stderr);
  }

  private async run(
    service: string,
    image: string,
    environment: Record<string, string>,
    volumes: string[],
    labels: Record<string, string> = {},
    { options = [], command = [] }: { options?: string[]; command?: string[] } = {},
  ): Promise<void> {
    await docker(
      ...["run", "--detach", "--name", this.container(service), "--restart", "unless-stopped"],
      ...["--network", `${this.project}_default`, "--network-alias", service, ...options],
      ...[
        "--label",
        `com.docker.compose.project=${this.project}`,
        "--label",
        `com.docker.compose.service=${service}`,
      ],
      ...Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
      ...Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      ...volumes.flatMap((volume) => ["--volume", volume]),
      ...[image, ...command],
    );
  }

  discard(): void {
    removeOriginal(this.project);
  }
}

/** Removes what a killed run left. */
export function sweepOriginals(): void {
  const label = ["--format", '{{.Label "com.docker.compose.project"}}'];
  const projects = [
    ...list("ps", "--all", ...label),
    ...list("network", "ls", ...label),
    ...list("volume", "ls", "--quiet").map((volume) => volume.replace(/_.*/, "")),
  ];
  for (const project of new Set(projects)) {
    const [, pid] = /^original-test-(\d+)-/.exec(project) ?? [];
    if (pid && !existsSync(`/proc/${pid}`)) removeOriginal(project);
  }
}

function removeOriginal(project: string): void {
  const volumes = list("volume", "ls", "--quiet", "--filter", `name=^${project}_`);
  removeLabelled(`com.docker.compose.project=${project}`, volumes);
}

const grafanaFile = `
import sqlite3
file = sqlite3.connect("/g/grafana.db")
file.execute("CREATE TABLE dashboard (uid TEXT, title TEXT)")
file.execute("INSERT INTO dashboard VALUES ('mine', 'Made by hand')")
file.commit()
import os
os.chown("/g", 472, 0); os.chown("/g/grafana.db", 472, 0)`;
