import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A name and a password for a registry. Never print it. */
export interface Credentials {
  username: string;
  password: string;
}

interface DockerCliConfig {
  auths?: Record<string, { auth?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/** Under this key `docker login` keeps the credentials of Docker Hub. */
const dockerHub = "https://index.docker.io/v1/";

/**
 * The credentials that `docker login` or a credential helper has for a registry; undefined where there are none.
 *
 * @throws when a credential helper is configured and cannot be run
 */
export function credentialsFor(registry: string): Credentials | undefined {
  const config = dockerCliConfig();
  const server = registry === "docker.io" ? dockerHub : registry;
  const helper = config.credHelpers?.[server] ?? config.credsStore;
  if (helper) return fromHelper(helper, server);

  const auth = config.auths?.[server]?.auth ?? config.auths?.[`https://${server}`]?.auth;
  if (!auth) return undefined;
  const [username = "", ...rest] = Buffer.from(auth, "base64").toString("utf8").split(":");
  return { username, password: rest.join(":") };
}

function dockerCliConfig(): DockerCliConfig {
  const file = join(process.env.DOCKER_CONFIG || join(homedir(), ".docker"), "config.json");
  try {
    return JSON.parse(readFileSync(file, "utf8")) as DockerCliConfig;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new Error(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Asks a program of the Docker credential helper protocol (github.com/docker/docker-credential-helpers). */
function fromHelper(helper: string, server: string): Credentials | undefined {
  try {
    const answer = execFileSync(`docker-credential-${helper}`, ["get"], {
      input: server,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { Username, Secret } = JSON.parse(answer) as { Username: string; Secret: string };
    return { username: Username, password: Secret };
  } catch (error) {
    const { stdout, code } = error as { stdout?: string; code?: string };
    if (/credentials not found/i.test(stdout ?? "")) return undefined;
    throw new Error(
      `docker-credential-${helper} cannot give the credentials of ${server}${code ? `: ${code}` : ""}`,
    );
  }
}
