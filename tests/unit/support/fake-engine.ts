import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** What happens to one run of a hook. */
export interface Accident {
  /** Number of the call of Docker that gets no answer. */
  silentAt?: number;
  /** Number of the call after which the hook is killed: Docker has done what it was told. */
  killedAfter?: number;
  /** Number of the call after which the hook gets SIGTERM. */
  endedAfter?: number;
}

/**
 * A Docker CLI with two containers of one service, `old`, which runs and is healthy, and `new`, which is made and not started.
 * It writes down when two of them ran at a time.
 */
export class FakeEngine {
  private readonly folder = mkdtempSync(join(tmpdir(), "dating-engine-"));

  /**
   * @param fault of the new container: it never gets healthy, or Docker refuses to start it
   */
  constructor(fault?: "unhealthy" | "refused") {
    mkdirSync(join(this.folder, "bin"));
    mkdirSync(join(this.folder, "containers"));
    writeFileSync(join(this.folder, "bin/docker"), program, { mode: 0o755 });
    writeFileSync(join(this.folder, "fault"), fault ?? "");
    this.set("old", "running");
    this.set("new", "created");
  }

  set(container: string, status: string): void {
    writeFileSync(join(this.folder, "containers", container), `${status}\n`);
  }

  forget(container: string): void {
    rmSync(join(this.folder, "containers", container));
  }

  /** Status of each container. */
  get containers(): Record<string, string> {
    const folder = join(this.folder, "containers");
    return Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8").trim()]),
    );
  }

  /** The calls of the last run, without those that only listen. */
  get calls(): string[] {
    return readFileSync(join(this.folder, "calls"), "utf8").split("\n").filter(Boolean);
  }

  /** Runs the hook that switches to the new container. */
  async switch(accident: Accident = {}): Promise<{ code: number | null; said: string }> {
    writeFileSync(join(this.folder, "calls"), "");
    const hook = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", resolve("hooks/switch.mts")],
      {
        env: {
          ...process.env,
          ...{ PATH: `${join(this.folder, "bin")}:${process.env.PATH}`, FAKE_ENGINE: this.folder },
          ...{ SILENT_AT: String(accident.silentAt), KILLED_AFTER: String(accident.killedAfter) },
          ENDED_AFTER: String(accident.endedAfter),
          ...{ CONTAINER: "new", HEALTH_TIMEOUT: "1", NETWORKS: '[{"name":"internal","aliases":["db"]}]' },
        },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let said = "";
    hook.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    return new Promise((done) => hook.on("close", (code) => done({ code, said })));
  }

  /** @returns whether two containers ever ran at a time */
  get everTwo(): boolean {
    return readdirSync(this.folder).includes("two");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

const program = `#!/bin/sh
cd "$FAKE_ENGINE"
[ "$1" != events ] || exit 0
for id; do :; done
echo "$1 $id" >>calls
number=$(wc -l <calls)
if [ "$number" -eq "$SILENT_AT" ] 2>/dev/null; then echo "error during connect: connection reset by peer" >&2; exit 1; fi
fault=$(cat fault)
code=0
status() { cat "containers/$1"; }
case $1 in
ps) ls containers ;;
logs) echo "the last words of $id" ;;
info) date -u +%Y-%m-%dT%H:%M:%SZ ;;
inspect | start | stop)
  if [ ! -e "containers/$id" ]; then
    echo "Error response from daemon: No such container: $id" >&2
    exit 1
  fi ;;
esac
case $1 in
inspect)
  health=unhealthy exit=1 running=false started=2026-11-20T10:00:00Z
  [ "$id" = new ] && [ "$fault" = unhealthy ] || exit=0
  [ "$(status "$id")" != created ] || { started=0001-01-01T00:00:00Z exit=1; }
  if [ "$(status "$id")" = running ]; then
    running=true health=starting
    [ "$exit" != 0 ] || health=healthy
  fi
  printf '[{"Id":"%s","Name":"/%s","RestartCount":0,"State":{"Status":"%s","Running":%s,"StartedAt":"%s","Health":{"Status":"%s",' \\
    "$id" "$id" "$(status "$id")" $running $started $health
  printf '"Log":[{"Start":"%s","End":"%s","ExitCode":%s,"Output":"asked"}]}},' "$(date -u +%FT%TZ)" "$(date -u +%FT%TZ)" $exit
  printf '"Config":{"Labels":{"dating.stack":"s","dating.service":"db"},"StopTimeout":1,"Healthcheck":{}},'
  printf '"HostConfig":{"PortBindings":{}},"NetworkSettings":{"Networks":{"internal":{"Aliases":["db"]}},"Ports":{}}}]' ;;
stop) [ "$(status "$id")" = created ] || echo exited >"containers/$id" ;;
start)
  if [ "$id" = new ] && [ "$fault" = refused ]; then
    echo "Error response from daemon: port is already allocated" >&2
    code=1
  else
    for other in containers/*; do
      [ "$other" = "containers/$id" ] || [ "$(cat "$other")" != running ] || touch two
    done
    echo running >"containers/$id"
  fi ;;
esac
if [ "$number" -eq "$KILLED_AFTER" ] 2>/dev/null; then kill -9 $PPID; fi
if [ "$number" -eq "$ENDED_AFTER" ] 2>/dev/null; then kill -TERM $PPID; fi
exit $code
`;
