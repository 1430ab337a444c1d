import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { canBuild } from "../../../support/go";

/** The server is built with Go; without it, the tests that need it are skipped, and say so. */
export const describeWithPebble = canBuild ? describe : describe.skip;

/** A certificate authority that speaks ACME, in a container on a stack's network as `pebble:14000`. */
export class Pebble {
  readonly directory = "https://pebble:14000/dir";

  private constructor(
    private readonly container: string,
    /** PEM of what vouches for the server's own certificate. */
    readonly caCertificate: string,
  ) {}

  /**
   * @param owner the prefix of the stack with whose containers it is removed, whatever happens
   * @param domain the host name for which certificates are asked; undefined for one that it does not find (see `teach`)
   * @param httpPort the port of the Docker host on which it asks for the challenge
   */
  static start(owner: string, domain: string | undefined, httpPort: number): Pebble {
    const setup = join(resolve(__dirname, "../../../.."), "offline/toolchain/setup");
    const program = execFileSync(setup, ["service", "pebble"], { encoding: "utf8" }).trim();
    const folder = dirname(program);
    const container = docker(
      [
        "create",
        "--label",
        `dating.stack=${owner}`,
        "--network",
        `${owner}-edge`,
        "--network-alias",
        "pebble",
      ],
      ["--add-host", `${domain ?? "edge.test"}:host-gateway`, "--env", "PEBBLE_VA_NOSLEEP=1"],
      ["debian:trixie-slim", "/pebble", "-config", "/config.json", "-strict"],
    );
    const work = mkdtempSync(join(tmpdir(), "dating-test-"));
    writeFileSync(join(work, "config.json"), JSON.stringify(configuration(httpPort)));
    const files = [join(work, "config.json"), program, join(folder, "cert.pem"), join(folder, "key.pem")];
    for (const file of files) docker(["cp", file, `${container}:/`]);
    rmSync(work, { recursive: true });
    docker(["start", container]);
    return new Pebble(container, readFileSync(join(folder, "pebble.minica.pem"), "utf8"));
  }

  /** PEM of the root that the issued certificates lead to. @param image one with curl */
  root(image: string): string {
    return docker(
      ["run", "--rm", "--network", `container:${this.container}`, "--entrypoint", "curl", image],
      ["--silent", "--insecure", "--fail", "https://localhost:15000/roots/0"],
    );
  }

  /** Lets it find a host name on the Docker host, as when DNS has come to know it. */
  teach(domain: string): void {
    const known = "getent ahostsv4 edge.test | head -n 1 | cut -d ' ' -f 1";
    docker(["exec", this.container, "sh", "-c", `echo "$(${known}) ${domain}" >>/etc/hosts`]);
  }

  /** How many certificates it has issued so far. */
  issued(): number {
    const log = spawnSync("docker", ["logs", this.container], { encoding: "utf8" });
    return (log.stdout + log.stderr).split("\n").filter((line) => line.includes("Issued certificate serial"))
      .length;
  }
}

function configuration(httpPort: number) {
  return {
    pebble: {
      listenAddress: "0.0.0.0:14000",
      managementListenAddress: "0.0.0.0:15000",
      certificate: "/cert.pem",
      privateKey: "/key.pem",
      httpPort,
      tlsPort: 5001,
      ocspResponderURL: "",
      externalAccountBindingRequired: false,
    },
  };
}

function docker(...args: string[][]): string {
  return execFileSync("docker", args.flat(), { encoding: "utf8" }).trim();
}
