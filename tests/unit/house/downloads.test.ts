import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

const root = join(__dirname, "../../..");

let folder: string;
const inFolder = (path: string) => join(folder, path);

/** A checkout with nothing but what gets the official parts, beside a builder that only says that it was called. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dating-downloads-"));
  cpSync(join(root, "setup/toolchain"), inFolder("setup/toolchain"), { recursive: true });
  cpSync(join(root, "setup/docker-engine"), inFolder("setup/docker-engine"));
  program("offline/toolchain/setup", 'echo "built $*" >>"$FOLDER/calls"; echo /built');
  program("offline/engine/setup", 'echo "built an engine" >>"$FOLDER/calls"; exit 9');
  program("setup/apt-install", 'echo "apt-install $*" >>"$FOLDER/calls"; exit 9');
  program("bin/sleep", 'echo "sleep $*" >>"$FOLDER/calls"');
  release();
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string, script: string): void {
  mkdirSync(join(inFolder(path), ".."), { recursive: true });
  writeFileSync(inFolder(path), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
}

/** What the CLI's server has: an archive whose `pulumi` takes note of its calls, and its checksum. */
function release(): void {
  const [, version] = /^PULUMI_VERSION=(\S+)/m.exec(
    readFileSync(join(root, "setup/toolchain/versions"), "utf8"),
  )!;
  program(
    "archive/pulumi/pulumi",
    'echo "pulumi $*" >>"$FOLDER/calls"; [[ "$*" != *"${FAILING:-nothing}"* ]]',
  );
  const platform = `${process.platform}-${process.arch}`;
  const archive = `pulumi-v${version}-${platform}.tar.gz`;
  mkdirSync(inFolder("server"));
  execFileSync("tar", ["-czf", inFolder(`server/${archive}`), "-C", inFolder("archive"), "pulumi"]);
  const sums = execFileSync("sha256sum", [archive], { cwd: inFolder("server"), encoding: "utf8" });
  writeFileSync(inFolder(`server/pulumi-${version}-checksums.txt`), sums);
}

/** A `curl` that reaches servers whose addresses match, and gets files from the server's folder. */
function network(reached: RegExp): void {
  program(
    "bin/curl",
    `url=\${*: -1}
     grep -qE '${reached.source}' <<<"$url" || exit 6
     while (($#)); do [[ $1 != --output ]] || target=$2; shift; done
     [[ $target == /dev/null ]] || cp "$FOLDER/server/\${url##*/}" "$target"`,
  );
}

function run(script: string, environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync("bash", [inFolder(script)], {
    encoding: "utf8",
    env: {
      FOLDER: folder,
      HOME: folder,
      PATH: `${inFolder("bin")}:/usr/bin:/bin`,
      ...environment,
    },
  });
  const calls = existsSync(inFolder("calls"))
    ? readFileSync(inFolder("calls"), "utf8").trim().split("\n")
    : [];
  return { status, folder: stdout.trim(), said: stderr, calls };
}

describe("the Pulumi CLI and its plugins", () => {
  test("are downloaded where the internet is open, and nothing is built", () => {
    network(/./);
    const { status, folder: bin, calls } = run("setup/toolchain/setup");
    expect(status).toBe(0);
    expect(existsSync(join(bin, "pulumi"))).toBe(true);
    expect(calls.map((call) => call.split(" ").slice(0, 5).join(" "))).toEqual([
      "pulumi plugin install resource docker",
      "pulumi plugin install resource random",
      "pulumi plugin install resource command",
      "pulumi plugin install resource grafana",
    ]);
  });

  test("are built where nothing is reached, and not where the official ones are asked for", () => {
    network(/nowhere/);
    expect(run("setup/toolchain/setup")).toMatchObject({ status: 0, folder: "/built", calls: ["built"] });
    expect(run("setup/toolchain/setup", { TOOLCHAIN: "official" })).toMatchObject({ status: 1 });
  });

  test("are an error where one plugin fails and others came: it is tried three times, and never built instead", () => {
    network(/./);
    const { status, said, calls } = run("setup/toolchain/setup", { FAILING: "random" });
    expect(status).toBe(1);
    expect(said).toContain("the plugin random 4.21.2 cannot be downloaded (3 tries)");
    expect(calls.filter((call) => call.includes("random"))).toHaveLength(3);
    expect(calls.some((call) => call.startsWith("built"))).toBe(false);
  });

  test("are an error where the server answers and the archive is not what its checksum says", () => {
    network(/./);
    for (const name of execFileSync("ls", [inFolder("server")], { encoding: "utf8" }).split("\n"))
      if (name.endsWith(".tar.gz")) writeFileSync(inFolder(`server/${name}`), "cut short");
    const { status, said, calls } = run("setup/toolchain/setup");
    expect(status).toBe(1);
    expect(said).toContain("cannot be downloaded (3 tries), though its server answers");
    expect(calls).toEqual(["sleep 5", "sleep 10"]);
  });
});

const onDebian = existsSync("/etc/debian_version") && process.getuid?.() === 0 ? describe : describe.skip;

onDebian("a Docker Engine, where none is there", () => {
  // No engine answers: the CLI that is there talks to nobody.
  const nobody = { TOOLCHAIN: "auto" };
  beforeEach(() => {
    program("bin/docker", "exit 1");
    program("bin/apt-get", 'echo "apt-get $*" >>"$FOLDER/calls"');
    program("bin/install", "exit 0");
    program("bin/tee", "exit 0");
    // The machine's own settings are not this test's to change.
    const script = readFileSync(inFolder("setup/docker-engine"), "utf8")
      .replaceAll("/etc/apt/", `${folder}/etc/`)
      .replace("/var/run/docker.sock", `${folder}/none.sock`);
    mkdirSync(inFolder("etc/sources.list.d"), { recursive: true });
    mkdirSync(inFolder("etc/keyrings"));
    writeFileSync(inFolder("setup/docker-engine"), script);
    writeFileSync(inFolder("server/gpg"), "a key");
  });

  test("is Docker's own package where its server answers, and a failed installation starts no build", () => {
    network(/download\.docker\.com/);
    const { status, calls } = run("setup/docker-engine", nobody);
    expect(status).not.toBe(0);
    expect(calls).toEqual([
      "apt-get update",
      "apt-install docker-ce docker-ce-cli containerd.io docker-buildx-plugin",
    ]);
    expect(readFileSync(inFolder("etc/sources.list.d/docker.list"), "utf8")).toMatch(
      /^deb \[arch=\w+ signed-by=\S+docker\.asc\] https:\/\/download\.docker\.com\/linux\/(debian|ubuntu) \w+ stable\n$/,
    );
  });

  test("is built where that server cannot be reached", () => {
    network(/nowhere/);
    const { said, calls } = run("setup/docker-engine", nobody);
    expect(calls).toEqual(["built an engine"]);
    expect(said).toContain("https://download.docker.com cannot be reached");
  });

  test("is still the one that was built before, where another build fails", () => {
    network(/nowhere/);
    mkdirSync(inFolder(".cache/dating-mini-app/before"), { recursive: true });
    symlinkSync("before", inFolder(".cache/dating-mini-app/docker-engine"));
    expect(run("setup/docker-engine", nobody)).toMatchObject({ status: 9, calls: ["built an engine"] });
    expect(readlinkSync(inFolder(".cache/dating-mini-app/docker-engine"))).toBe("before");
  });

  test("is not built where the official one is asked for", () => {
    network(/nowhere/);
    const { status, said, calls } = run("setup/docker-engine", { TOOLCHAIN: "official" });
    expect([status, calls]).toEqual([1, []]);
    expect(said).toContain("TOOLCHAIN=official");
  });
});
