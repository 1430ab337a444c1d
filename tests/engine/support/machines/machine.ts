import { execFileSync, spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";

import { localImage } from "../../../../images/content";
import { cacheDir } from "../../../../images/docker";
import { certificateFor } from "../../../support/certificate";
import { DockerHost } from "./docker-host";
import { testImage } from "../stores/image";
import { copyCheckout } from "../project";
import { Terminal } from "./terminal";

const has = (...command: [string, ...string[]]) => spawnSync(command[0], command.slice(1)).status === 0;

/** Where one of these is missing, the tests that need them are skipped, and say so. */
export const describeWithMachine =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  has("ssh", "-V") &&
  has("script", "--version") &&
  has("go", "version")
    ? describe
    : describe.skip;

/** Where Docker's own network has the host, as an engine that nobody configured does it. */
const gateway = "172.17.0.1";
const storePort = 9000;
const authorityPort = 14_000;
const registryNames = ["registry.example.com", "registry-1.docker.io", "ghcr.io"];
/** Where Amazon has a bucket. */
const storeName = (bucket: string) => `${bucket}.s3.eu-central-1.amazonaws.com`;

/**
 * A machine for what the documents tell: a checkout, a Docker Engine that is reached over SSH as dating.example.com and
 * staging.dating.example.com, and all that is not of this project under the names that the documents have:
 * registry.example.com, Docker Hub and GitHub's registry, all one registry; buckets; a certificate authority. No test and no document has to say
 * another name. It has networks, files and processes of its own, which end with it.
 */
export class Machine {
  private constructor(
    private readonly folder: string,
    readonly host: DockerHost,
    readonly environment: Record<string, string>,
  ) {}

  /** The checkout. */
  get directory(): string {
    return join(this.folder, "checkout");
  }

  /**
   * @param names the images that its Docker Engine has, built
   * @param buckets the buckets that there are
   */
  static start(names: string[], buckets: string[]): Machine {
    const folder = mkdtempSync(join(tmpdir(), "dating-test-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const at = (name: string) => join(folder, name);
    for (const name of ["checkout", "home", "home/.ssh"]) mkdirSync(at(name), { mode: 0o700 });
    copyCheckout(at("checkout"), { whole: true });
    const { certificate, key } = certificateFor([...registryNames, ...buckets.map(storeName), gateway]);
    writeFileSync(at("ca.pem"), certificate);
    writeFileSync(at("ca.key"), key);
    writeFileSync(at("hosts"), "127.0.0.1 localhost dating.example.com staging.dating.example.com\n");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at("home/.ssh/id_ed25519")]);
    writeFileSync(at("home/.ssh/config"), sshConfiguration);
    // Where ssh looks for it, whatever HOME is.
    const ssh = join(userInfo().homedir, ".ssh");
    mkdirSync(ssh, { recursive: true, mode: 0o700 });
    const host = DockerHost.start(folder, [], {
      environment: { SSL_CERT_FILE: at("ca.pem") },
      // Over the machine's own, in the host's view of the files only.
      prepare: `mount --bind ${at("hosts")} /etc/hosts && mount --bind ${at("home/.ssh")} ${ssh}`,
    });
    const machine = new Machine(folder, host, {
      // Which no program asks for its colours, as it could not say them.
      ...{ HOME: at("home"), TERM: "screen", LANG: "C.UTF-8", PATH: process.env.PATH! },
      // What is expensive is the machine's own.
      DATING_CACHE_DIR: cacheDir(),
      PULUMI_HOME: process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
      ...{ SSL_CERT_FILE: at("ca.pem"), NODE_EXTRA_CA_CERTS: at("ca.pem") },
      ...{ AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    });
    try {
      host.load([...names.map((name) => localImage(name)), testImage("registry"), testImage("sshd")]);
      machine.startRegistry();
      machine.startSsh();
      machine.startStore(buckets);
      machine.startAuthority();
      machine.prepareCheckout();
    } catch (error) {
      machine.stop();
      throw error;
    }
    return machine;
  }

  /** Opens a terminal in the checkout. */
  terminal(): Promise<Terminal> {
    return Terminal.open((...command) => this.host.entering(...command), this.directory, this.environment);
  }

  /** Runs a command there and returns what it prints. */
  run(...command: string[]): string {
    const [nsenter, ...words] = this.host.entering("env", "-C", this.directory, ...command);
    return execFileSync(nsenter, words, { encoding: "utf8", env: this.environment }).trim();
  }

  /** Writes a file; `home/` is the person's own folder, and `checkout/` the checkout. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text, { mode: 0o600 });
  }

  /** Reads a file, named as {@link write} has it. */
  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** Gives the registry a local image under a name, as registry.example.com or Docker Hub has it. */
  publish(name: string, as: string): void {
    const target = `registry.example.com/${as}`;
    this.host.docker(["tag", localImage(name), target]);
    this.host.docker(["push", "--quiet", target]);
    this.host.docker(["rmi", target]);
  }

  stop(): void {
    this.host.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private startRegistry(): void {
    const settings = `version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: /var/lib/registry}}
http: {addr: ":443", tls: {certificate: /tmp/ca.pem, key: /tmp/ca.key}}
`;
    this.startOutside(testImage("registry"), settings, "docker-registry serve", registryNames);
  }

  private startSsh(): void {
    const key = this.read("home/.ssh/id_ed25519.pub").trim();
    const container = this.host
      .docker([
        ...["run", "--detach", "--network", "host", "--env", "PORT=22", "--env", `AUTHORIZED_KEY=${key}`],
        ...["--volume", "/run/docker.sock:/var/run/docker.sock", testImage("sshd")],
      ])
      .trim();
    this.host.docker(["exec", container, "bash", "-c", listens(22)]);
  }

  private startStore(buckets: string[]): void {
    const address = `${gateway}:${storePort}`;
    this.serve("gofakes3", ["-host", address, "-backend", "memory", "-initialbucket", buckets[0]!]);
    this.run("bash", "-c", listens(storePort, gateway));
    for (const bucket of buckets.slice(1))
      this.run("curl", "--silent", "--fail", "--request", "PUT", `http://${address}/${bucket}`);
    // Amazon has the bucket's name in the host's, and that server in the path.
    const settings = `defaults
  mode http
  timeout client 1m
  timeout server 1m
  timeout connect 5s
frontend amazon
  bind :443 ssl crt /tmp/both.pem
  http-request set-path /%[req.hdr(host),field(1,.)]%[path]
  default_backend store
backend store
  server store ${address}
`;
    this.startOutside(localImage("socket-proxy"), settings, "haproxy -f", buckets.map(storeName));
  }

  /** A server of the world outside, with an address of its own, as the stack's edge has all of the host's. */
  private startOutside(image: string, settings: string, command: string, names: string[]): void {
    const pem = { CERTIFICATE: this.read("ca.pem"), KEY: this.read("ca.key"), SETTINGS: settings };
    const files =
      'cd /tmp; echo "$CERTIFICATE" >ca.pem; echo "$KEY" >ca.key; cat ca.pem ca.key >both.pem; echo "$SETTINGS" >settings';
    const container = this.host
      .docker([
        ...["run", "--detach", "--user", "0", "--entrypoint", "sh"],
        ...Object.entries(pem).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
        ...[image, "-c", `${files}; exec ${command} /tmp/settings`],
      ])
      .trim();
    const address = this.host
      .docker(["inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", container])
      .trim();
    appendFileSync(join(this.folder, "hosts"), `${address} ${names.join(" ")}\n`);
    this.run("bash", "-c", listens(443, address));
  }

  private startAuthority(): void {
    const [certificate, privateKey] = [join(this.folder, "ca.pem"), join(this.folder, "ca.key")];
    const file = join(this.folder, "pebble.json");
    const pebble = {
      ...{ listenAddress: `0.0.0.0:${authorityPort}`, managementListenAddress: "127.0.0.1:15000" },
      ...{ certificate, privateKey, httpPort: 80, tlsPort: 5001 },
    };
    writeFileSync(file, JSON.stringify({ pebble }));
    this.serve("pebble", ["-config", file, "-strict"], { PEBBLE_VA_NOSLEEP: "1" });
  }

  /** As a clone is, but for what its files say of the world outside. */
  private prepareCheckout(): void {
    // No test can have an image with the digest of an official one.
    const official = join(this.directory, "images/official.yaml");
    writeFileSync(official, readFileSync(official, "utf8").replace(/@sha256:[0-9a-f]{64}/g, ""));
    const certificate = this.read("ca.pem").trim().replace(/^/gm, "    ");
    appendFileSync(
      join(this.directory, "Pulumi.prod.yaml"),
      `  dating:acmeServer: https://${gateway}:${authorityPort}/dir\n  dating:acmeCaCertificate: |\n${certificate}\n`,
    );
    // Both are here, and only one can have the ports of a server.
    const staging = join(this.directory, "Pulumi.staging.yaml");
    writeFileSync(
      staging,
      readFileSync(staging, "utf8").replace("tls: acme", 'tls: "off"\n  dating:httpPort: "8081"'),
    );
    writeFileSync(join(this.folder, "home/.gitconfig"), "[user]\n  name = Ada\n  email = ada@example.com\n");
    this.run("git", "init", "--quiet");
    appendFileSync(join(this.directory, ".git/info/exclude"), "node_modules\n");
    this.run("git", "add", "--all");
    this.run("git", "commit", "--quiet", "--message", "As it was cloned");
  }

  private serve(name: string, args: string[], environment: Record<string, string> = {}): void {
    const setup = resolve(__dirname, "../../../../offline/toolchain/setup");
    const program = execFileSync(setup, ["service", name], { encoding: "utf8" }).trim();
    const [nsenter, ...words] = this.host.entering(program, ...args);
    spawn(nsenter, words, { stdio: "ignore", env: { ...process.env, ...environment } });
  }
}

/** As docs/hosts.md has it. */
const sshConfiguration = `Host dating.example.com staging.dating.example.com
  User deploy
  StrictHostKeyChecking accept-new
  ControlMaster auto
  ControlPath ~/.ssh/control-%C
  ControlPersist 10m
`;

/** A bash script that waits until a port is listened on. */
const listens = (port: number, address = "127.0.0.1") =>
  `for try in $(seq 100); do (: </dev/tcp/${address}/${port}) 2>/dev/null && exit; sleep 0.2; done; exit 1`;
