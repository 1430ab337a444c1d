/** What the engine's API does not tell of its host. Each part is missing where it could not be seen. */
export interface HostView {
  /** The disk with the engine's data, in bytes. */
  disk?: { free: number; total: number };
  /** Where processes of the host listen. */
  listening?: Listener[];
  /** Whether the engine's socket is where socket-proxy mounts it from. */
  socket?: boolean;
  /** Whether its kernel has IPv6. */
  ipv6?: boolean;
}

/** An address and a TCP port that something listens on; `0.0.0.0` stands for every address, also of IPv6. */
export interface Listener {
  ip: string;
  port: number;
}

/** The kernel's number for a socket that listens, in /proc/net/tcp. */
const listen = "0A";

/** Reads the kernel's lists of TCP sockets, /proc/net/tcp and tcp6, one after the other. */
export function readListeners(text: string): Listener[] {
  return text.split("\n").flatMap((line): Listener[] => {
    const [, address, port, state] =
      /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /.exec(line) ?? [];
    if (address === undefined || state !== listen) return [];
    return [{ ip: addressOf(address), port: Number.parseInt(port!, 16) }];
  });
}

/** Bytes stand in the order of the processor that Docker's hosts have, the last one first. */
function addressOf(hexadecimal: string): string {
  if (/^0+$/.test(hexadecimal)) return "0.0.0.0";
  if (hexadecimal.length > 8) return "::1";
  return [6, 4, 2, 0].map((at) => Number.parseInt(hexadecimal.slice(at, at + 2), 16)).join(".");
}
