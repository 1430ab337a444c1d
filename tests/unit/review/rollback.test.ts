import { previousRelease, rollbackMessage, type Release } from "../../../ops/releases/history";
import { releaseKeys } from "../../../ops/releases/keys";
import { checkSchema } from "../../../ops/releases/schema";

const release = (at: string, bot: string, more: Partial<Release> = {}): Release => ({
  ...{ at, succeeded: true, message: `deploy ${at}`, settings: { nsfwThreshold: "0.7" }, images: { bot } },
  ...more,
});

describe("the release to go back to", () => {
  test("is the last good one where the newest deploy failed", () => {
    const good = release("2", "b");
    expect(previousRelease([release("3", "c", { succeeded: false }), good, release("1", "a")])).toBe(good);
  });

  test("is the one before that was another, by its images or its settings", () => {
    const older = release("1", "a");
    expect(previousRelease([release("3", "b"), release("2", "b"), older])).toBe(older);
    const other = release("1", "b", { settings: { nsfwThreshold: "0.8" } });
    expect(previousRelease([release("2", "b"), other])).toBe(other);
  });

  test("is never one that failed", () => {
    const good = release("1", "a");
    expect(previousRelease([release("3", "c"), release("2", "b", { succeeded: false }), good])).toBe(good);
  });

  test("after a rollback is the one before that, not the one that was taken back", () => {
    const [oldest, middle, bad] = [release("1", "a"), release("2", "b"), release("3", "c")];
    const back = release("4", "b", { message: rollbackMessage(middle) });
    expect(previousRelease([back, bad, middle, oldest])).toBe(oldest);
  });

  const [oldest, good, bad] = [release("1", "a"), release("2", "b"), release("3", "c")];
  const back = release("4", "b", { message: rollbackMessage(good) });
  test.each<[string, Release[], Release | undefined]>([
    ["an unchanged deploy", [release("5", "b"), back, bad, good, oldest], oldest],
    ["a deploy that failed", [release("5", "d", { succeeded: false }), back, bad, good, oldest], back],
    [
      "a second one, after a deploy that failed",
      [
        release("6", "b", { message: rollbackMessage(back) }),
        release("5", "d", { succeeded: false }),
        ...[back, bad, good, oldest],
      ],
      oldest,
    ],
    ["a release that is new", [release("5", "d"), back, bad, good, oldest], back],
    [
      "another one",
      [release("5", "a", { message: rollbackMessage(oldest) }), back, bad, good, oldest],
      undefined,
    ],
  ])("after a rollback and %s is never the one that was taken back", (_, all, expected) => {
    expect(previousRelease(all)?.images).toEqual(expected?.images);
  });

  test("is none after the first deploy", () => {
    expect(previousRelease([release("1", "a")])).toBeUndefined();
    expect(previousRelease([])).toBeUndefined();
  });
});

test("a release is made of what a promotion takes along: no limit, address or backup rule comes back with an image", () => {
  expect([...releaseKeys].sort()).toEqual([
    ...[
      "botEnvironment",
      "botHealthCommand",
      "botRollout",
      "botWritable",
      "databaseExtensions",
      "nsfwThreshold",
    ],
  ]);
});

describe("the schema", () => {
  const known = ["001", "002", "003"];
  test.each<[string | undefined, string, boolean, string]>([
    ["003", "003", true, "are both at 003"],
    ["002", "003", false, "./dating alembic prod downgrade 002"],
    ["003", "002", false, "./dating alembic prod upgrade 003"],
    ["000", "003", false, "./dating alembic prod downgrade 000"],
    [undefined, "003", true, "is not recorded"],
  ])("of a release at %s, with the database at %s", (wanted, present, compatible, part) => {
    const result = checkSchema("prod", wanted, present, known);
    expect(result.compatible).toBe(compatible);
    expect(result.message).toContain(part);
  });
});
