import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "../../..");

/**
 * What a deploying machine runs: it may be macOS, with bash 3.2, GNU make 3.81 and the tools of BSD. Of setup/docker-engine
 * it runs only how an engine is found: the rest is for Debian, as setup/apt-install is.
 */
const forDebian = ["setup/docker-engine", "setup/apt-install"];
const scripts = execFileSync("git", ["ls-files", "dating", "ci", "hooks", "setup", "Makefile"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file && !/\.(ts|mjs|sql)$/.test(file) && !forDebian.includes(file) && file !== "ci/test");

/** Constructs that such a machine does not have, and what has them. */
const foreign: [construct: RegExp, has: string][] = [
  [/\$\{\w+(\^|,)/, "bash 4: upper and lower case"],
  [/\$\{\w+(\[[^\]]*\])?@[A-Za-z]\}/, "bash 4.4: transformations"],
  [/\b(mapfile|readarray|coproc)\b/, "bash 4"],
  [/\b(declare|local|readonly|typeset) -[a-z]*[An]/, "bash 4: associative arrays and references"],
  [/\bexec \{\w+\}/, "bash 4.1: named file descriptors"],
  [/&>>|\|&/, "bash 4: redirections"],
  [/\$(BASHPID|EPOCHSECONDS|EPOCHREALTIME)/, "bash 4 and 5"],
  [/printf '[^']*%\(/, "bash 4.2: times"],
  [/\bwait -n\b|\[\[ -v /, "bash 4.3"],
  [/\bread\b[^|;&]* -t (0?\.\d|\d+\.\d)/, "bash 4: fractions of a second"],
  [/\breadlink -f\b|\brealpath\b/, "GNU coreutils, and macOS since 12.3"],
  [/\bstat (-c|--format)/, "GNU coreutils"],
  [/\b(tac|nproc|flock|setsid|numfmt|shuf)\b/, "GNU coreutils and util-linux"],
  [/\bsed (-[a-zA-Z]+ )*(-i|--in-place)/, "GNU sed"],
  [/\bsed [^|]*s\/[^/]*\/[^/]*\\[tn]/, "GNU sed: \\t and \\n in what is put in"],
  [/\bdate (-d|-I|--date|--iso)/, "GNU coreutils"],
  [/\bgrep -[a-zA-Z]*P/, "GNU grep"],
  [/\bsort -[a-zA-Z]*[Vz]|\bbase64 -w|\bhead -n -|\bxargs -[rd]|\bmktemp --/, "GNU coreutils and findutils"],
  [/\bfind [^|]*-printf\b/, "GNU findutils"],
  [/\b(cp|mv|ln|install) (-[a-zA-Z]+ )*-[a-zA-Z]*[TtD]\b|\bcp -l|\bmv --/, "GNU coreutils"],
  [/\btar [^|]*--(mode|owner|group|transform|sort|mtime)\b/, "GNU tar"],
];

/** Where a script asks first whether the machine has a program, it may use it. */
const asks = (text: string, program: string) => text.includes(`command -v ${program} `);

test.each(scripts)("%s runs with bash 3.2 and the tools of macOS", (file) => {
  const text = readFileSync(join(root, file), "utf8");
  const found = text
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .flatMap((line) =>
      foreign.filter(([construct]) => construct.test(line)).map(([, has]) => `${has}: ${line}`),
    );
  expect(found).toEqual([]);
  for (const program of ["timeout", "sha256sum"]) {
    if (new RegExp(`(^|[|&;({]|if|then|else)\\s*${program} `, "m").test(text))
      expect(asks(text, program)).toBe(true);
  }
});

test("recipes do not rest on .SHELLFLAGS, which GNU make 3.81 does not know: what fails ends them", () => {
  const recipes = readFileSync(join(root, "Makefile"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("\t"));
  for (const recipe of recipes) expect(recipe).not.toMatch(/\$\((prepare|packages)\);/);
});

describe("a Node.js that is too old", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "node-"));
    mkdirSync(join(folder, "bin"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const program = (name: string, text: string) => {
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, "bin", name), 0o755);
  };
  const run = () =>
    spawnSync(join(root, "setup/node"), {
      env: {
        PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
        DATING_CACHE_DIR: join(folder, "cache"),
        HOME: folder,
      },
      encoding: "utf8",
    });

  test("is left alone where it is new enough", () => {
    program("node", "echo v22.18.0");
    expect(run()).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  test("is replaced by the npm registry's, once, in the project's cache", () => {
    // The last that does not run TypeScript by itself.
    program("node", "echo v22.17.1");
    program(
      "npm",
      'mkdir -p package/bin && printf "#!/bin/sh\\necho v22.23.3\\n" >package/bin/node && chmod +x package/bin/node\n' +
        "tar -czf node.tgz package && rm -r package && echo node.tgz",
    );
    const first = run();
    expect(first.stderr).toContain("v22.17.1 is too old. Getting Node.js 22");
    expect(existsSync(join(first.stdout.trim(), "node"))).toBe(true);
    program("npm", "exit 1");
    expect(run()).toMatchObject({ status: 0, stdout: first.stdout, stderr: "" });
  });

  test("is an error that says what to do where the registry has none", () => {
    program("node", "echo v18.1.0");
    program("npm", "exit 1");
    const { status, stderr } = run();
    expect(stderr).toContain(
      "cannot be had from the npm registry. Install Node.js 22.18 or newer from https://nodejs.org",
    );
    expect(status).toBe(1);
    expect(existsSync(join(folder, "cache/node-22.23.3-linux-x64"))).toBe(false);
  });
});
