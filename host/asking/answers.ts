import { ask, NoAnswer, type Answer } from "./connection";
import type { SwarmNode } from "./swarm";

/** `GET /version`, as far as it is read. */
export interface EngineVersion {
  Version: string;
  ApiVersion: string;
  /** The oldest version of the API that the engine serves. */
  MinAPIVersion?: string;
  Os: string;
  Arch: string;
}

/** `GET /info`, as far as it is read. What an old engine does not tell is missing. */
export interface EngineInfo {
  Name: string;
  ServerVersion: string;
  OperatingSystem: string;
  OSType: string;
  KernelVersion?: string;
  /** As `uname -m` spells it. */
  Architecture: string;
  Driver: string;
  DriverStatus?: [string, string][] | null;
  DockerRootDir: string;
  LoggingDriver?: string;
  CgroupDriver?: string;
  /** Missing before API 1.41: version 1. */
  CgroupVersion?: string;
  /** Bytes. */
  MemTotal: number;
  MemoryLimit?: boolean;
  SwapLimit?: boolean;
  IPv4Forwarding?: boolean;
  LiveRestoreEnabled?: boolean;
  SecurityOptions?: string[] | null;
  /** Where the configuration names them. */
  DefaultAddressPools?: { Base: string; Size: number }[] | null;
  FirewallBackend?: { Driver: string; Info?: [string, string][] | null } | null;
  Swarm?: { LocalNodeState?: string; ControlAvailable?: boolean; NodeID?: string };
  SystemTime: string;
  Warnings?: string[] | null;
}

/** A row of `GET /containers/json?all=1`, as far as it is read. */
export interface ListedContainer {
  Id: string;
  /** Each with a slash in front. */
  Names: string[] | null;
  Image: string;
  ImageID: string;
  Labels: Record<string, string> | null;
  State: string;
  /** Published ports of a running container. */
  Ports: { IP?: string; PublicPort?: number; Type: string }[] | null;
  Mounts: { Type: string; Name?: string }[] | null;
}

/** A row of `GET /networks`, as far as it is read. */
export interface ListedNetwork {
  Name: string;
  Driver: string;
  IPAM?: { Config?: { Subnet?: string }[] | null } | null;
  Options?: Record<string, string> | null;
  Labels: Record<string, string> | null;
}

/** A row of `GET /volumes`, as far as it is read. */
export interface ListedVolume {
  Name: string;
  Labels: Record<string, string> | null;
}

/** `GET /images/NAME/json`, as far as it is read. */
export interface HostImage {
  Id: string;
  /** As Go spells it: `amd64`. */
  Architecture: string;
  Os: string;
}

/** Everything that the Docker host was asked before anything is touched. */
export interface HostAnswers {
  version: EngineVersion;
  info: EngineInfo;
  containers: ListedContainer[];
  networks: ListedNetwork[];
  volumes: ListedVolume[];
  /** By reference; those that are not there are missing. */
  images: ReadonlyMap<string, HostImage>;
  /** The nodes of the engine's swarm; undefined where it was not asked, or is no manager. */
  nodes?: readonly SwarmNode[];
  /** This machine's time when the engine told its own, in milliseconds. */
  askedAt: number;
}

const questions = ["/version", "/info", "/containers/json?all=1", "/networks", "/volumes"];

/**
 * Asks the Docker host everything at once.
 *
 * @param images references of the images that are to be there
 * @throws NoAnswer when it cannot be asked, or answers one of the questions with an error
 */
export function askHost(images: readonly string[], dockerHost: string | undefined): HostAnswers {
  const asked = [...new Set(images)];
  const answers = ask([...questions, ...asked.map((image) => `/images/${image}/json`)], dockerHost);
  return readAnswers(asked, answers, Date.now());
}

/** Reads what the engine answered, in the order in which it was asked. @throws as {@link askHost} */
export function readAnswers(
  images: readonly string[],
  answers: readonly Answer[],
  askedAt: number,
): HostAnswers {
  const read = (index: number): unknown => bodyOf(answers[index]!, questions[index]!);
  const found = images.flatMap((image, index): [string, HostImage][] => {
    const answer = answers[questions.length + index]!;
    return answer.status === 404 ? [] : [[image, bodyOf(answer, `/images/${image}/json`) as HostImage]];
  });
  return {
    version: read(0) as EngineVersion,
    info: read(1) as EngineInfo,
    containers: read(2) as ListedContainer[],
    networks: read(3) as ListedNetwork[],
    volumes: (read(4) as { Volumes: ListedVolume[] | null }).Volumes ?? [],
    images: new Map(found),
    askedAt,
  };
}

/** With what only a manager of a swarm knows. @throws as {@link askHost} */
export function withNodes(answers: HostAnswers, dockerHost: string | undefined): HostAnswers {
  if (!answers.info.Swarm?.ControlAvailable) return answers;
  const [answer] = ask(["/nodes"], dockerHost);
  return { ...answers, nodes: bodyOf(answer!, "/nodes") as SwarmNode[] };
}

function bodyOf({ status, body }: Answer, path: string): unknown {
  if (status !== 200) throw new NoAnswer(`GET ${path}: ${status} ${messageOf(body)}`);
  try {
    return JSON.parse(body);
  } catch {
    throw new NoAnswer(`GET ${path}: no JSON`);
  }
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message: string }).message;
  } catch {
    return body.trim();
  }
}
