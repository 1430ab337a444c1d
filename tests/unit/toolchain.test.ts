import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
};
const versions = readFileSync(join(root, "toolchain/versions"), "utf8");

test.each([
  ["docker", "@pulumi/docker"],
  ["random", "@pulumi/random"],
  ["command", "@pulumi/command"],
  ["grafana", "@pulumiverse/grafana"],
])("the %s plugin has the version of its npm package", (plugin, npm) => {
  expect(versions).toContain(`${plugin.toUpperCase()}_PLUGIN_VERSION=${dependencies[npm]}\n`);
});

test("the built plugins say the version of the official ones", () => {
  for (const [plugin, file] of [
    ["docker", "bridged-providers/docker/provider.go"],
    ["random", "bridged-providers/random/provider.go"],
  ] as const) {
    expect(readFileSync(join(root, "toolchain", file), "utf8")).toContain(
      `Version = "${dependencies[`@pulumi/${plugin}`]}"`,
    );
  }
});

test("the CLI that is built is the one that is downloaded", () => {
  const [, version] = /PULUMI_VERSION=(\S+)/.exec(versions) ?? [];
  const cli = (file: string) => readFileSync(join(root, "toolchain/cli", file), "utf8");
  expect(cli("go.mod")).toContain(`github.com/pulumi/pulumi/pkg/v3 v${version}\n`);
  expect(cli("ldflags")).toContain(`version.Version=v${version}\n`);
});

test("the lock file names no registry, and every optional package for other platforms", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
  };
  for (const [path, entry] of Object.entries(lock.packages)) {
    expect(entry.resolved).toBeUndefined();
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      expect(Object.keys(lock.packages)).toEqual(
        expect.arrayContaining([expect.stringMatching(new RegExp(`(${path}/)?node_modules/${name}$`))]),
      );
    }
  }
});
