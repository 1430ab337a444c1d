import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { localImage } from "../../../../images/content";
import { testImage } from "./image";

/** What of an image's manifest, or of a list of them, is of use here. */
interface Manifest {
  mediaType: string;
  config: { digest: string };
  /** Of a list. */
  manifests?: { digest: string }[];
  /** The bytes that the digest is of. */
  text: string;
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/**
 * A container registry on a free port of loopback that asks for a name and a password. The Docker Engine talks plain
 * HTTP to registries on loopback.
 */
export class Registry {
  private readonly built = new Set<string>();

  private constructor(
    private readonly container: string,
    /** Host and port, as image references have it. */
    readonly host: string,
    readonly password: string,
    /** A folder for DOCKER_CONFIG in which the Docker CLI is logged in to this registry. */
    readonly loggedIn: string,
    /** One in which it is not. */
    readonly loggedOut: string,
  ) {}

  /** @param owner the prefix of the stack with whose containers the registry is removed, whatever happens */
  static start(owner: string): Registry {
    const password = randomBytes(16).toString("hex");
    const file = "/tmp/htpasswd";
    const container = docker(
      ["run", "--detach", "--label", `dating.stack=${owner}`, "--publish", "127.0.0.1::5000"],
      ["--env", "REGISTRY_AUTH_HTPASSWD_PATH=" + file, "--env", "REGISTRY_LOG_LEVEL=error"],
      ["--env", `PASSWORD=${password}`, testImage("registry"), "sh", "-c"],
      [
        `htpasswd -Bbn tester "$PASSWORD" >${file} && exec docker-registry serve /etc/docker/registry/config.yml`,
      ],
    );
    const host = docker(["port", container, "5000/tcp"]);
    const [loggedIn, loggedOut] = [
      mkdtempSync(join(tmpdir(), "dating-test-")),
      mkdtempSync(join(tmpdir(), "dating-test-")),
    ];
    const registry = new Registry(container, host, password, loggedIn, loggedOut);
    registry.login();
    return registry;
  }

  /** Pushes an image that the Docker Engine has, and returns its digest; no trace of the push stays on the engine. */
  push(image: string, as: string): string {
    const target = `${this.host}/${as}`;
    docker(["tag", image, target]);
    const text = this.docker("push", target);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(text)?.[1];
    if (!digest) throw new Error(`the push of ${target} names no digest: ${text}`);
    this.forget(target, `${target.replace(/:[^:/]+$/, "")}@${digest}`);
    return digest;
  }

  /**
   * Pushes an image as one platform of a list of two, of which the other one is in the registry alone, and pulls the
   * list: the Docker Engine then has a part of it. Returns the reference.
   */
  async pullList(image: string, as: string): Promise<string> {
    this.push(image, as);
    const [, repository, tag] = /^(.+):([^:]+)$/.exec(as)!;
    const listed = await this.manifest(repository!, tag!);
    const here = listed.manifests ? await this.manifest(repository!, listed.manifests[0]!.digest) : listed;
    const blob = await this.api("GET", `${repository}/blobs/${here.config.digest}`);
    const config = JSON.stringify({ ...((await blob.json()) as object), architecture: "s390x" });
    const { headers } = await this.api("POST", `${repository}/blobs/uploads/`);
    const upload = new URL(headers.get("location")!, `http://${this.host}`);
    upload.searchParams.set("digest", digestOf(config));
    await this.api("PUT", upload, config, "application/octet-stream");
    const there = JSON.stringify({
      ...(JSON.parse(here.text) as object),
      config: { ...here.config, digest: digestOf(config), size: config.length },
    });
    await this.api("PUT", `${repository}/manifests/${digestOf(there)}`, there, here.mediaType);
    const entry = (text: string, architecture: string) => ({
      ...{ mediaType: here.mediaType, digest: digestOf(text), size: text.length },
      platform: { os: "linux", architecture },
    });
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const mediaType = here.mediaType.includes(".oci.")
      ? "application/vnd.oci.image.index.v1+json"
      : "application/vnd.docker.distribution.manifest.list.v2+json";
    const manifests = [entry(here.text, architecture), entry(there, "s390x")];
    const list = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
    await this.api("PUT", `${repository}/manifests/${tag}`, list, mediaType);
    this.docker("pull", "--quiet", `${this.host}/${as}`);
    return `${this.host}/${as}`;
  }

  /** A manifest that the registry has, by tag or digest. */
  async manifest(repository: string, reference: string): Promise<Manifest> {
    const answer = await this.api("GET", `${repository}/manifests/${reference}`);
    const text = await answer.text();
    return { ...(JSON.parse(text) as Manifest), mediaType: answer.headers.get("content-type")!, text };
  }

  private async api(
    method: string,
    path: string | URL,
    body?: string,
    type = manifestTypes,
  ): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`tester:${this.password}`).toString("base64")}`;
    const url = typeof path === "string" ? `http://${this.host}/v2/${path}` : path;
    const headers = { authorization, accept: manifestTypes, ...(body && { "content-type": type }) };
    const answer = await fetch(url, { method, body, headers });
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** Pushes the image of each name as `dating/NAME:TAG`; returns the digests by name. */
  pushAll(names: string[], tag: string): Record<string, string> {
    return Object.fromEntries(
      names.map((name) => [name, this.push(this.image(name), `dating/${name}:${tag}`)]),
    );
  }

  /**
   * The local image of a name under a digest of this registry's own. The Docker Engine keeps the manifests that it
   * once pulled, and pulls a digest that it knows from any registry without asking for a password. Built once: what
   * BuildKit notes of a build is part of the image, so that a second one has another digest.
   */
  image(name: string): string {
    const own = `${this.host}/own/${name}`;
    if (this.built.has(name)) return own;
    this.built.add(name);
    execFileSync("docker", ["build", "--quiet", "--tag", own, "-"], {
      input: `FROM ${localImage(name)}\nMAINTAINER ${this.container}\n`,
      stdio: ["pipe", "ignore", "ignore"],
    });
    return own;
  }

  /** Removes references to images of this registry from the Docker Engine, so that they must be pulled again. */
  forget(...references: string[]): void {
    for (const reference of references) {
      try {
        execFileSync("docker", ["rmi", reference], { stdio: "ignore" });
      } catch {
        // A reference that is not there needs no removal; the one that is used by a container stays.
      }
    }
  }

  /** Runs the Docker CLI logged in. */
  docker(...args: string[]): string {
    return execFileSync("docker", args, {
      encoding: "utf8",
      env: { ...process.env, DOCKER_CONFIG: this.loggedIn },
    });
  }

  /** Removes the registry, what it left on the engine, and the folders. */
  remove(): void {
    const listed = docker(["image", "ls", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}"]);
    for (const line of listed.split("\n").filter((line) => line.startsWith(this.host))) {
      const [repository, tag, digest] = line.split(" ");
      this.forget(...(tag === "<none>" ? [] : [`${repository}:${tag}`]), `${repository}@${digest}`);
    }
    docker(["rm", "--force", "--volumes", this.container]);
    for (const folder of [this.loggedIn, this.loggedOut]) rmSync(folder, { recursive: true, force: true });
  }

  private login(): void {
    const deadline = Date.now() + 30_000;
    for (;;) {
      try {
        execFileSync("docker", ["login", "--username", "tester", "--password-stdin", this.host], {
          input: this.password,
          env: { ...process.env, DOCKER_CONFIG: this.loggedIn },
          stdio: ["pipe", "ignore", "pipe"],
        });
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
      }
    }
  }
}

function docker(...args: string[][]): string {
  return execFileSync("docker", args.flat(), { encoding: "utf8" }).trim();
}
