import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Milliseconds after which a container is looked at again though Docker has not said that anything changed. */
const patience = 5_000;
/** The same over SSH, where listening would hold a session open for each container: sshd allows ten by default. */
const overSsh = 1_000;

/**
 * Says when to look at a container again. A dozen of hooks wait at once, beside what they wait for, and each look costs
 * processor time: so the Docker Engine is listened to. What it said in the last minute is heard again, as it may have been
 * said before.
 */
export class Changes {
  private readonly listener?: ChildProcess;
  private unheard = 0;

  constructor(container: string) {
    if (process.env.DOCKER_HOST?.startsWith("ssh://")) return;
    const filters = [`container=${container}`, "event=health_status", "event=die"];
    this.listener = spawn(
      "docker",
      ["events", "--since", "1m", "--format", "{{.Action}}", ...filters.flatMap((one) => ["--filter", one])],
      { stdio: ["ignore", "pipe", "ignore"], env: process.env },
    );
    this.listener.on("error", () => {});
    this.listener.stdout!.on("data", () => this.unheard++);
  }

  /** Ends when something has changed, and after some seconds in any case; after so many milliseconds at the latest. */
  async next(left: number): Promise<void> {
    if (this.unheard > 0) {
      this.unheard = 0;
      return;
    }
    const listening = this.listener?.exitCode === null;
    const aborter = new AbortController();
    const { signal } = aborter;
    const timer = setTimeout(() => aborter.abort(), Math.min(left, listening ? patience : overSsh));
    const heard = listening ? once(this.listener.stdout!, "data", { signal }) : once(signal, "abort");
    await heard.catch(() => {});
    clearTimeout(timer);
    this.unheard = 0;
  }

  end(): void {
    this.listener?.kill();
  }
}
