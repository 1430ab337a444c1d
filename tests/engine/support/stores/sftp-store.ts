import { docker } from "../docker";
import { testImage } from "./image";
import type { Project } from "../project";

const address = "sftp.example.com";

/** A host on a stack's network that takes backups over SFTP: sshd as Debian has it. */
export class SftpStore {
  private constructor(private readonly container: string) {}

  static async start(project: Project): Promise<SftpStore> {
    const script = [
      "install --directory --owner deploy --mode 700 /home/deploy/.ssh",
      "[ -e /tmp/key ] || ssh-keygen -q -t ed25519 -N '' -f /tmp/key",
      "cp /tmp/key.pub /home/deploy/.ssh/authorized_keys",
      "[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key",
      "exec /usr/sbin/sshd -D -e",
    ].join("\n");
    const container = await docker(
      ...["run", "--detach", "--label", `dating.stack=${project.prefix}`],
      ...["--network", `${project.prefix}-edge`, "--network-alias", address],
      ...["--entrypoint", "sh", testImage("sshd"), "-euc", script],
    );
    const listens = "until (: </dev/tcp/127.0.0.1/22) 2>/dev/null; do sleep 0.1; done";
    await docker("exec", container, "bash", "-c", listens);
    return new SftpStore(container);
  }

  /** Tells a stack of it as one of its places. */
  async configure(project: Project, place: number): Promise<void> {
    // As docs/continuous-backups.md tells it.
    const keyScan =
      "ssh-keyscan -t ed25519 localhost 2>/dev/null | awk '$2 == \"ssh-ed25519\" { print $3 }' | base64 -d | sha256sum";
    const [fingerprint] = (await this.inside(keyScan)).split(" ");
    const repository = `sftp://deploy@${address}/home/deploy/dating?fingerprint=${fingerprint}`;
    await project.configurePath(`backupRepositories[${place}]`, repository);
    const value = `${await this.inside("cat /tmp/key")}\n`;
    await project.stack.setConfig("dating:backupCredentials.sftpKey", { value, secret: true }, true);
  }

  /** Runs a script there. */
  inside(script: string): Promise<string> {
    return docker("exec", this.container, "sh", "-c", script);
  }
}
