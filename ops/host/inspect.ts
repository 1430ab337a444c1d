import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

/** What `docker inspect` says of a container, as far as it is compared with the stack's state. */
export interface InspectedContainer {
  Id: string;
  Name: string;
  /** Id of the image that it runs. */
  Image: string;
  State: { Running: boolean; Status: string; StartedAt?: string; Health?: { Status: string } };
  Config: {
    /** The image's reference, as it was given. */
    Image: string;
    Cmd: string[] | null;
    Env: string[] | null;
    Labels: Record<string, string> | null;
    User: string;
    StopTimeout?: number;
    Healthcheck?: {
      Test: string[];
      Interval?: number;
      Timeout?: number;
      StartPeriod?: number;
      StartInterval?: number;
      Retries?: number;
    };
  };
  HostConfig: {
    CapAdd: string[] | null;
    CapDrop: string[] | null;
    Init: boolean | null;
    LogConfig: { Type: string; Config: Record<string, string> | null };
    Memory: number;
    MemorySwap: number;
    ShmSize: number;
    PortBindings: Record<string, { HostIp: string; HostPort: string }[] | null> | null;
    Privileged: boolean;
    ReadonlyRootfs: boolean;
    RestartPolicy: { Name: string };
    SecurityOpt: string[] | null;
    Tmpfs: Record<string, string> | null;
    Ulimits: { Name: string; Hard: number; Soft: number }[] | null;
    UsernsMode?: string;
  };
  Mounts: { Type: string; Name?: string; Source: string; Destination: string; RW: boolean }[];
  NetworkSettings: { Networks: Record<string, { Aliases: string[] | null }> };
}

/** What `docker image inspect` says of an image. */
export interface InspectedImage {
  Id: string;
  /** What registries call it; empty where it was built here. */
  RepoDigests?: string[] | null;
  Config: { Env?: string[] | null; Labels?: Record<string, string> | null };
}

/** An image as it is stored on a Docker host. */
export interface StoredImage extends InspectedImage {
  /** Bytes, with the layers that it shares with others. */
  Size: number;
  RepoTags?: string[] | null;
}

/** A stack's Docker Engine, asked through the Docker CLI. */
export class DockerHost {
  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  /** @throws with the CLI's message */
  run(args: string[], input?: string): Buffer {
    return execFileSync("docker", args, {
      env: this.environment,
      input,
      maxBuffer,
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  /** Every container, running or not; of those with the label alone, where one is named. */
  containers(label?: string): InspectedContainer[] {
    const listed = this.run([
      ...["container", "ls", "--all", "--no-trunc", "--quiet"],
      ...(label === undefined ? [] : ["--filter", `label=${label}`]),
    ]);
    const ids = listed.toString().split("\n").filter(Boolean);
    return this.inspect("container", ids) as InspectedContainer[];
  }

  /** The container that runs a service of a stack, the newest where several do; undefined where none runs. */
  running(stack: string, service: string): InspectedContainer | undefined {
    const labels = [`label=dating.stack=${stack}`, `label=dating.service=${service}`];
    const filters = labels.flatMap((label) => ["--filter", label]);
    const [newest] = this.run(["container", "ls", "--no-trunc", "--quiet", ...filters])
      .toString()
      .split("\n");
    return newest ? this.container(newest) : undefined;
  }

  /** A container by id or name; undefined where there is none. */
  container(name: string): InspectedContainer | undefined {
    return this.inspect("container", [name])[0] as InspectedContainer | undefined;
  }

  /** An image by reference or id; undefined where there is none. */
  image(reference: string): InspectedImage | undefined {
    return this.inspect("image", [reference])[0] as InspectedImage | undefined;
  }

  /** Those of the images that there are, by reference. */
  images(references: string[]): StoredImage[] {
    return this.inspect("image", references) as StoredImage[];
  }

  /** The images that containers run, by id; without those that somebody removed by force. */
  async imagesOf(containers: readonly InspectedContainer[]): Promise<Map<string, InspectedImage>> {
    const ids = [...new Set(containers.map(({ Image }) => Image))];
    if (ids.length === 0) return new Map();
    const options = { env: this.environment, maxBuffer };
    const { stdout } = await promisify(execFile)("docker", ["image", "inspect", ...ids], options).catch(
      thereAre,
    );
    return new Map((JSON.parse(stdout) as InspectedImage[]).map((image) => [image.Id, image]));
  }

  /** Those of the names that there are, by one start of the Docker CLI, which is most of what it takes. */
  private inspect(kind: "container" | "image", names: string[]): unknown[] {
    if (names.length === 0) return [];
    try {
      return JSON.parse(this.run([kind, "inspect", ...names]).toString()) as unknown[];
    } catch (error) {
      return JSON.parse(thereAre(error).stdout) as unknown[];
    }
  }
}

/** What the Docker CLI printed of those that there are. @throws the error where it says more than that others are not there */
function thereAre(error: unknown): { stdout: string } {
  const { stdout, stderr } = error as { stdout?: Buffer | string; stderr?: Buffer | string };
  const problems = String(stderr).split("\n").filter(Boolean);
  if (!stdout || problems.length === 0 || !problems.every((line) => /no such/i.test(line))) throw error;
  return { stdout: String(stdout) };
}

/** Bytes that an answer of the Docker CLI may have. */
const maxBuffer = 256 * 1024 * 1024;
