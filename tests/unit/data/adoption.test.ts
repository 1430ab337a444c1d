import { postgresVersionOf, settingsOf } from "../../../ops/adoption/settings";
import { ordersDiffer, quote } from "../../../ops/adoption/prepare";
import type { Original, OriginalContainer } from "../../../ops/adoption/original";

const container = (service: string, more: Partial<OriginalContainer> = {}): OriginalContainer => ({
  ...{
    id: service,
    name: `dating-${service}-1`,
    service,
    image: service,
    running: true,
    restart: "unless-stopped",
  },
  ...{ environment: {}, labels: {}, volumes: [], networks: ["dating_default"], ...more },
});
const database = container("db");
const original: Original = {
  ...{ project: "dating", database, user: "dating", password: "old", databaseName: "dating" },
  containers: [
    database,
    container("bot", {
      environment: { BOT_TOKEN: "1:token", JWT_SECRET: "jwt", NSFW_THRESHOLD: "0.6", API_PORT: "8080" },
    }),
    container("webapp", { labels: { "traefik.http.routers.webapp.rule": "Host(`dating.example.com`)" } }),
  ],
  ...{ volumes: { postgres_data: "dating_postgres_data" }, otherVolumes: [] },
};

test("the original's environment becomes this project's keys, its secrets apart from the rest", () => {
  expect(settingsOf(original, "15")).toEqual({
    plain: [
      [["domain"], "dating.example.com"],
      [["databaseName"], "dating"],
      [["postgresVersion"], "15"],
      [["nsfwThreshold"], "0.6"],
      [["volumes", "postgres_data"], "dating_postgres_data"],
    ],
    secret: { botToken: "1:token", jwtSecret: "jwt", databasePassword: "old" },
  });
});

test("the logs of the original stay readable: Loki's present schema begins when nobody writes the old one any more", () => {
  const volumes = { ...original.volumes, loki_data: "dating_loki_data" };
  const { plain } = settingsOf({ ...original, volumes }, "15", new Date("2026-12-30T23:30:00Z"));
  expect(plain).toContainEqual([["lokiTsdbFrom"], "2027-01-01"]);
});

test("the stack gets the version of the original's data, where it has it", () => {
  expect(["150014", "160004", "140009"].map(postgresVersionOf)).toEqual(["15", "16", undefined]);
});

test("indexes are kept only where the same library, in the same version, ordered them", () => {
  const glibc = { order: "_-1aAbB", collationVersion: "2.36" };
  const state = { version: "150014", revision: "", collate: "en_US.utf8" };
  expect(ordersDiffer({ ...state, ...glibc }, glibc)).toBe(false);
  expect(ordersDiffer({ ...state, order: "-1AB_ab", collationVersion: "2.36" }, glibc)).toBe(true);
  expect(ordersDiffer({ ...state, ...glibc, collationVersion: "2.31" }, glibc)).toBe(true);
  expect(ordersDiffer({ ...state, ...glibc, collationVersion: "" }, glibc)).toBe(true);
});

test("a password with quotes is one SQL literal", () => {
  expect(quote("a'b''c")).toBe("'a''b''''c'");
});
