import { load } from "js-yaml";

import { lokiConfiguration } from "../../../components/monitoring/loki";
import { readMonitoringFiles } from "../../../components/monitoring/files";
import type { Docker } from "../../../images/in-volume";
import {
  indexedDays,
  isReadable,
  requireReadableLogs,
  rightDay,
  schemaText,
} from "../../../images/log-schema";

// 20784 is 2026-11-27.
const listing = (...names: string[]) => names.map((name) => `/loki/chunks/index/${name}\n`).join("");

describe("the configuration of Loki", () => {
  interface Loki {
    schema_config: { configs: { from: string; store: string; schema: string }[] };
    storage_config: Record<string, unknown>;
    limits_config: Record<string, unknown>;
  }
  const files = readMonitoringFiles();
  const read = (until?: string) =>
    load(
      lokiConfiguration({
        configuration: files.loki,
        oldLogs: until ? { configuration: files.lokiOldLogs, until } : undefined,
      }),
    ) as Loki;
  const periods = (loki: Loki) => loki.schema_config.configs.map(({ from, schema }) => [from, schema]);

  test("of a new stack has the present schema from the beginning, and no other", () => {
    const loki = read();
    expect(periods(loki)).toEqual([["2020-01-01", "v13"]]);
    expect(loki.limits_config).toMatchObject({ allow_structured_metadata: true, retention_period: "720h" });
    expect(loki.storage_config).not.toHaveProperty("boltdb_shipper");
  });

  test("of a stack with older logs has the original's schema until the day that the stack names", () => {
    const loki = read("2026-12-01");
    expect(periods(loki)).toEqual([
      ["2020-10-24", "v11"],
      ["2026-12-01", "v13"],
    ]);
    expect(loki.limits_config).toMatchObject({ allow_structured_metadata: false, retention_period: "720h" });
    expect(Object.keys(loki.storage_config).sort()).toEqual(["boltdb_shipper", "filesystem", "tsdb_shipper"]);
  });
});

test("the index folders in a volume tell the days of each schema", () => {
  const text = listing(
    "index_20784",
    "tsdb_index_20786",
    "index_20783",
    "tsdb_index_20786",
    "delete_requests",
  );
  expect(indexedDays(text)).toEqual({ v11: [20783, 20784], v13: [20786] });
});

test.each<[string, number[], number[], string | undefined, boolean]>([
  ["nothing, without a day", [], [], undefined, true],
  ["nothing, with a day", [], [], "2026-11-29", true],
  ["old logs, without a day", [20784], [], undefined, false],
  ["old logs, with a day after them", [20784], [], "2026-11-28", true],
  ["old logs, with a day among them", [20783, 20784], [], "2026-11-27", false],
  ["new logs, without a day", [], [20784], undefined, true],
  ["new logs, with a day after them", [], [20784], "2026-11-28", false],
  ["both, with the day between them", [20784], [20786], "2026-11-29", true],
  ["both, with a later day", [20784], [20786], "2026-11-30", false],
  ["both, without a day", [20784], [20786], undefined, false],
  ["both of one day, which no day makes whole", [20784], [20784], undefined, true],
])("a volume with %s", (_, v11, v13, tsdbFrom, readable) => {
  expect(isReadable({ v11, v13 }, tsdbFrom)).toBe(readable);
});

test("the day that is proposed keeps all logs, and is not begun yet where the change is still to come", () => {
  const now = new Date("2026-11-27T23:59:00Z");
  expect(rightDay({ v11: [], v13: [20784] }, now)).toBeUndefined();
  expect(rightDay({ v11: [20700], v13: [] }, now)).toBe("2026-11-29");
  expect(rightDay({ v11: [20790], v13: [] }, now)).toBe("2026-12-05");
  expect(rightDay({ v11: [20780], v13: [20784] }, now)).toBe("2026-11-27");
});

describe("before anything is touched", () => {
  const logs = { stack: "dev", volume: "dating-dev_loki_data", image: "postgres:17", mustAnswer: true };

  /** A Docker CLI with one answer, which says whether it was asked. */
  function answering(status = 0, stdout = "", stderr = "") {
    return jest.fn<ReturnType<Docker>, string[]>(() => ({ status, stdout, stderr }));
  }

  test.each([
    ["the same schema runs already", { running: schemaText("2026-11-29"), tsdbFrom: "2026-11-29" }],
    ["there is no volume yet, or nobody could be asked", { volume: undefined }],
  ])("nobody looks into the volume where %s", (_, more) => {
    const docker = answering(1);
    requireReadableLogs({ ...logs, ...more }, docker);
    expect(docker).not.toHaveBeenCalled();
  });

  test.each([
    ["an empty volume", ""],
    ["a volume with the present schema only", listing("tsdb_index_20784")],
  ])("%s is let through", (_, found) => {
    expect(() => requireReadableLogs(logs, answering(0, found))).not.toThrow();
  });

  test("a deploy that would lose logs is refused, with what keeps them", () => {
    const early = answering(0, listing("index_20784", "tsdb_index_20850"));
    expect(() => requireReadableLogs(logs, early)).toThrow(
      "With no dating:lokiTsdbFrom Loki would not find logs that are in the volume dating-dev_loki_data; nothing was changed.\n" +
        "Keep them: pulumi config set --stack dev dating:lokiTsdbFrom 2027-02-01",
    );
    const late = { ...logs, running: schemaText(undefined), tsdbFrom: "2027-02-01" };
    expect(() => requireReadableLogs(late, answering(0, listing("tsdb_index_20784")))).toThrow(
      "Keep them: pulumi config rm --stack dev dating:lokiTsdbFrom",
    );
  });

  test("a preview says nothing where the image is not here, and a deploy stops", () => {
    const ask = (mustAnswer: boolean) => () =>
      requireReadableLogs({ ...logs, mustAnswer }, answering(125, "", "Unable to find image"));
    expect(ask(false)).not.toThrow();
    expect(ask(true)).toThrow("could not be asked; nothing was changed.\n  Unable to find image");
  });
});
