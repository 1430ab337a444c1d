/** @type {import("jest").Config} */
const shared = {
  testEnvironment: "node",
  transform: { "\\.m?ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }] },
  moduleFileExtensions: ["ts", "mts", "js", "mjs", "json", "node"],
  modulePathIgnorePatterns: ["<rootDir>/build/"],
};

const loaded = ["tests/engine/deploys/rollout.test.ts", "tests/engine/data/large-tables.test.ts"];

/** @type {import("jest").Config} */
module.exports = {
  projects: [
    { ...shared, displayName: "unit", testMatch: ["<rootDir>/tests/unit/**/*.test.ts"] },
    {
      ...shared,
      displayName: "engine",
      testMatch: ["<rootDir>/tests/engine/**/*.test.ts"],
      testPathIgnorePatterns: loaded,
      globalSetup: "<rootDir>/tests/engine/support/sweep.ts",
    },
    // What sends requests all the while: nothing else may keep the machine busy. Run with `--runInBand`.
    {
      ...shared,
      displayName: "load",
      testMatch: loaded.map((file) => `<rootDir>/${file}`),
      globalSetup: "<rootDir>/tests/engine/support/sweep.ts",
    },
    // What takes too long for every change: `make soak`.
    {
      ...shared,
      displayName: "soak",
      testMatch: ["<rootDir>/tests/soak/**/*.test.ts"],
      globalSetup: "<rootDir>/tests/engine/support/sweep.ts",
    },
  ],
};
