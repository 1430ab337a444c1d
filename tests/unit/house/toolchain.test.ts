import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../../..");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
};
const versions = readFileSync(join(root, "setup/toolchain/versions"), "utf8");

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
    expect(readFileSync(join(root, "offline/toolchain", file), "utf8")).toContain(
      `Version = "${dependencies[`@pulumi/${plugin}`]}"`,
    );
  }
});

test("the CLI that is built and the one that is downloaded are the tested ones", () => {
  const [, downloaded] = /^PULUMI_VERSION=(\S+)/m.exec(versions) ?? [];
  const [, tested] = /^TESTED_PULUMI_VERSIONS="(.*)"$/m.exec(versions) ?? [];
  const cli = (file: string) => readFileSync(join(root, "offline/toolchain/cli", file), "utf8");
  const [, built] = /github\.com\/pulumi\/pulumi\/pkg\/v3 v(\S+)\n/.exec(cli("go.mod")) ?? [];
  expect(tested?.split(" ")).toEqual([built, downloaded]);
  expect(cli("ldflags")).toContain(`version.Version=v${built}\n`);
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
