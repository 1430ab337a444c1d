import { execFileSync } from "node:child_process";

import type { DockerHost } from "./docker-host";

/**
 * A switch between hosts that are network namespaces, in a namespace of its own: in the machine's, bridge netfilter and Docker's
 * rules would swallow what crosses it.
 */
export class Switch {
  private readonly name = `dating-switch-${process.pid}`;

  private constructor() {
    ip("netns", "add", this.name);
    process.once("exit", () => this.remove());
    this.ip("link", "set", "lo", "up");
    this.ip("link", "add", "br0", "type", "bridge");
    this.ip("link", "set", "br0", "up");
  }

  /** Connects hosts. @returns the address of each, in their order */
  static between(hosts: DockerHost[]): { network: Switch; addresses: string[] } {
    const network = new Switch();
    return { network, addresses: hosts.map((host, index) => network.plug(host, index + 1)) };
  }

  remove(): void {
    try {
      execFileSync("ip", ["netns", "del", this.name], { stdio: "ignore" });
    } catch {
      // Gone already.
    }
  }

  private plug(host: DockerHost, number: number): string {
    const [port, address] = [`port${number}`, `192.0.2.${number}`];
    const inside = (...args: string[]) => {
      const [nsenter, ...words] = host.entering("ip", ...args);
      execFileSync(nsenter, words);
    };
    const pid = host.entering()[2]!;
    this.ip("link", "add", port, "type", "veth", "peer", "name", "lan0", "netns", pid);
    inside("addr", "add", `${address}/24`, "dev", "lan0");
    inside("link", "set", "lan0", "up");
    this.ip("link", "set", port, "master", "br0", "up");
    return address;
  }

  private ip(...args: string[]): void {
    ip("-n", this.name, ...args);
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args);
}
