import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a test says of one container; the rest is as it usually is. */
export interface FakeContainer {
  status?: string;
  health?: string;
  /** When its last check ended. @default now */
  checked?: Date;
  labels?: Record<string, string>;
  restarts?: number;
}

/**
 * A Docker CLI in front of the real one, which answers as a test says: `inspect`, `ps`, `exec` and `logs`. A container that is
 * marked for draining becomes unhealthy, where it heeds that.
 */
export class FakeDocker {
  private readonly folder = mkdtempSync(join(tmpdir(), "dating-docker-"));
  private readonly path = process.env.PATH;

  constructor() {
    process.env.PATH = `${this.folder}:${this.path}`;
    writeFileSync(join(this.folder, "docker"), program, { mode: 0o755 });
    process.env.FAKE_DOCKER = this.folder;
  }

  container(id: string, given: FakeContainer = {}): void {
    const { status = "running", health = "healthy", checked = new Date(), labels = {}, restarts = 0 } = given;
    const End = checked.toISOString();
    const inspected = [
      {
        ...{ Id: id, Name: `/${id}`, RestartCount: restarts },
        State: {
          ...{ Status: status, Running: status === "running" },
          Health: { Status: health, Log: [{ Start: End, End, ExitCode: 0, Output: "" }] },
        },
        Config: { Labels: labels, Healthcheck: { Interval: 5e9, Timeout: 3e9 } },
        NetworkSettings: { Networks: {} },
      },
    ];
    // On one line, as the program changes it with sed.
    writeFileSync(join(this.folder, `${id}.json`), JSON.stringify(inspected));
  }

  /** How many of the next calls get no answer from Docker. */
  silent(calls: number): void {
    writeFileSync(join(this.folder, "silent"), `${calls}\n`);
  }

  /** From now on, containers that are marked for draining stay healthy. */
  ignoreMarks(): void {
    writeFileSync(join(this.folder, "heedless"), "");
  }

  /** The calls so far that change something: `exec` of `touch` and `rm`, `start` and `stop`. */
  get changes(): string[] {
    const file = join(this.folder, "calls");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  remove(): void {
    process.env.PATH = this.path;
    delete process.env.FAKE_DOCKER;
    rmSync(this.folder, { recursive: true });
  }
}

const program = `#!/bin/sh
cd "$FAKE_DOCKER"
left=$(cat silent 2>/dev/null || echo 0)
if [ "$left" -gt 0 ]; then
  echo $((left - 1)) >silent
  echo "error during connect: connection reset by peer" >&2
  exit 1
fi
gone() { echo "Error response from daemon: No such container: $1" >&2; exit 1; }
case $1 in
inspect) cat "$4.json" 2>/dev/null || gone "$4" ;;
ps) ls *.json 2>/dev/null | sed 's/\\.json$//' ;;
info) date -u +%Y-%m-%dT%H:%M:%SZ ;;
logs) echo "the log of $4" ;;
exec)
  # Always by a user that is named.
  [ "$2" != --interactive ] || shift
  [ "$2" = --user ] || exit 2
  shift 2
  [ -e "$2.json" ] || gone "$2"
  case $* in
  *touch*)
    echo "drain $2 by $7" >>calls
    : >"$2.marked"
    [ -e heedless ] || sed -i 's/"Status":"healthy"/"Status":"unhealthy"/' "$2.json"
    echo marked ;;
  *"test -e"*) [ ! -e "$2.marked" ] || echo marked ;;
  *" nc "*) echo "nc: Connection refused" >&2; exit 1 ;;
  *refuse*) echo "Error response from daemon: no" >&2; exit 1 ;;
  *"rm -f"*) echo "give $2 back" >>calls; rm -f "$2.marked" ;;
  esac ;;
esac
`;
