import { overviewPage } from "../../../ops/status/overview-page";
import type { Overview } from "../../../ops/status/overview";
import type { ServiceStatus } from "../../../ops/status/report";
import { changesBetween } from "../../../ops/status/watch";

const service = (name: string, state: string): ServiceStatus => ({
  ...{ service: name, state, since: "2026-11-30T03:15:00.123456789Z" },
  ...{ reached: [], image: `dating/${name}:1.0.0` },
});

const overview: Overview = {
  at: new Date("2026-11-30T10:00:00Z"),
  status: {
    ...{ stack: "prod", url: "https://dating.example.com", where: "ssh://deploy@dating.example.com" },
    services: [service("bot", "healthy"), { ...service("webapp", "exited"), since: undefined }],
    notServed: ["webapp: its container does not run (exited)"],
    left: [],
    ...{
      pulumi: "Pulumi 3.220.0",
      certificates: ["HTTPS:           dating.example.com until 2027-02-28 (R11)"],
    },
  },
  backups: {
    answer: [
      {
        ...{ name: "20261130T031500Z", createdAt: "2026-11-30T03:15:00Z" },
        parts: [
          {
            ...{ kind: "volume", file: "a.tar.zst", bytes: 1000, sha256: "0".repeat(64) },
            ...{ volume: "photo_storage", entries: 1 },
          },
        ],
      },
    ],
  },
  drift: {
    answer: { findings: [{ urn: "u", subject: "webapp", text: "memory: 1 <b> → 2" }], notCompared: [] },
  },
};

/** What a person reads of a page. */
const read = (html: string) =>
  html
    .replace(/<(style|title)[^]*?<\/\1>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/\s+/g, " ");

describe("the page of a stack", () => {
  test("tells what runs, since when, what is not served, certificates, backups and drift", () => {
    const text = read(overviewPage(overview));
    for (const told of [
      "https://dating.example.com on ssh://deploy@dating.example.com looked at 2026-11-30 10:00:00 UTC",
      "Not everything is served: webapp: its container does not run (exited)",
      "bot healthy 2026-11-30 03:15:00 UTC from inside only dating/bot:1.0.0",
      "webapp exited from inside only dating/webapp:1.0.0",
      "Certificates dating.example.com until 2027-02-28 (R11)",
      "20261130T031500Z 2026-11-30 03:15:00 UTC 1.0 kB",
      "It differs from what was deployed: webapp: memory: 1 <b> → 2",
    ])
      expect(text).toContain(told);
  });

  test("needs nothing from elsewhere, and makes no markup of what it was told", () => {
    const html = overviewPage(overview);
    expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import/);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain("1 <b>");
  });

  test("does not take what could not be asked for something that is not there", () => {
    const text = read(
      overviewPage({ ...overview, backups: { noAnswer: "no route to host" }, drift: { noAnswer: "locked" } }),
    );
    expect(text).toContain("Backups Could not be asked: no route to host Drift Could not be asked: locked");
    expect(text).not.toContain("There is none.");
    expect(text).not.toContain("It is as it was deployed.");
  });

  test("tells what a killed restore has left", () => {
    const left = ["container reader, of ana@laptop since 2026-11-30T09:00:00Z"];
    expect(read(overviewPage({ ...overview, status: { ...overview.status, left } }))).toContain(
      "Left by a killed restore, ./dating recover prod removes it: container reader, of ana@laptop",
    );
  });

  test("says so where there is no backup", () => {
    expect(read(overviewPage({ ...overview, backups: { answer: [] } }))).toContain("Backups There is none.");
  });
});

describe("what has changed between two looks", () => {
  const seen = (services: ServiceStatus[], notServed: string[] = []) => ({ services, notServed });

  test("is all of the first, and then what moved, came and went", () => {
    const first = seen([service("bot", "starting"), service("webapp", "healthy")]);
    expect(changesBetween(undefined, first)).toEqual(["bot: starting", "webapp: healthy"]);
    expect(changesBetween(first, first)).toEqual([]);
    const then = seen([service("bot", "healthy"), service("postgres", "starting")], ["bot: it is late"]);
    expect(changesBetween(first, then)).toEqual([
      "bot: starting → healthy",
      "postgres: starting",
      "webapp: healthy → gone",
      "bot: it is late",
    ]);
    expect(changesBetween(then, then)).toEqual([]);
  });

  test("tells both containers of a service while a release takes over", () => {
    const both = seen([service("bot", "starting"), service("bot", "healthy")]);
    expect(changesBetween(seen([service("bot", "healthy")]), both)).toEqual([
      "bot: healthy → healthy + starting",
    ]);
  });
});
