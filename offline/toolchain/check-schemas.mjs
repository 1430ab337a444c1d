#!/usr/bin/env node
// Holds the plugins on PATH against the npm packages that the program uses: every resource of a package that a plugin
// knows has the same property names, and what a plugin leaves out is listed.
//   PATH="$(offline/toolchain/setup):$PATH" node offline/toolchain/check-schemas.mjs
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const packages = {
  docker: "@pulumi/docker",
  random: "@pulumi/random",
  command: "@pulumi/command",
  grafana: "@pulumiverse/grafana",
};
// What the stand-ins leave out on purpose: whole resources, and properties of resources that they have.
const missingResources = [
  "docker:index/image:Image",
  "docker:index/buildxBuilder:BuildxBuilder",
  "command:remote:",
  /^grafana:(?!oss\/(folder|dataSource|dashboard):)/,
  /^grafana:oss\/(?!(folder|dataSource|dashboard):)/,
];
const missingProperties = ["grafana:oss/dataSource:DataSource.privateDataSourceConnectNetworkId"];
const isExpected = (name, list) =>
  list.some((entry) => (entry instanceof RegExp ? entry.test(name) : name.startsWith(entry)));

let differences = 0;
for (const [name, npm] of Object.entries(packages)) {
  const plugin = execFileSync("sh", ["-c", `command -v pulumi-resource-${name}`], {
    encoding: "utf8",
  }).trim();
  const schema = JSON.parse(
    execFileSync("pulumi", ["package", "get-schema", plugin], {
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  let checked = 0;
  for (const { type, inputs, outputs } of resourcesOf(join("node_modules", npm))) {
    const resource = schema.resources[type];
    if (!resource) {
      if (!isExpected(type, missingResources)) report(type, "is missing");
      continue;
    }
    compare(type, "input", inputs, resource.inputProperties);
    compare(type, "output", outputs, resource.properties);
    checked++;
  }
  console.log(`${name}: ${checked} resources have the property names of ${npm}`);
}
process.exitCode = differences ? 1 : 0;

function* resourcesOf(folder) {
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!file.endsWith(".js") || file.includes("node_modules")) continue;
    const text = readFileSync(join(folder, file), "utf8");
    const type = /__pulumiType = '([^']*:[^']*:[^']*)'/.exec(text)?.[1];
    const constructor = text.split("constructor(name")[1];
    if (!type || !constructor) continue;
    // One branch reads an existing resource, the other one makes a new one.
    const branches = constructor.split(/\belse \{/);
    const making =
      branches.find((branch) => /\/\*out\*\//.test(branch) && / = \(?args\?/.test(branch)) ?? constructor;
    yield {
      type,
      inputs: new Set([...making.matchAll(/resourceInputs\["(\w+)"\] = (?!undefined)/g)].map((m) => m[1])),
      outputs: new Set([...making.matchAll(/resourceInputs\["(\w+)"\]/g)].map((m) => m[1])),
    };
  }
}

function compare(type, kind, expected, properties = {}) {
  for (const property of expected) {
    if (!(property in properties) && !missingProperties.includes(`${type}.${property}`))
      report(type, `lacks the ${kind} ${property}`);
  }
  for (const property of Object.keys(properties)) {
    if (!expected.has(property)) report(type, `has an ${kind} ${property} that the package does not know`);
  }
}

function report(type, text) {
  differences++;
  console.error(`${type} ${text}`);
}
