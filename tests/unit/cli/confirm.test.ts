import { PassThrough } from "node:stream";

import { asksFirst, isMadeByItself, mayHavePublicPassphrase } from "../../../config/stack/kind";
import { ask, confirm } from "../../../ops/stack/confirm";
import { Refused } from "../../../ops/stack/errors";

/** What is on standard input, to its end; without an end where the person goes on to sit there. */
function typed(text: string, { ends = true } = {}) {
  const input = new PassThrough();
  const output = new PassThrough();
  input.write(text);
  if (ends) input.end();
  return { input, output };
}

const said = (output: PassThrough) => String(output.read());

test("the stack's name is a yes: typed, or piped with or without the end of its line", async () => {
  await confirm("prod", undefined, typed("prod\n", { ends: false }));
  await confirm("prod", undefined, typed(" prod \n"));
  await confirm("prod", undefined, typed("prod"));
});

test("anything else is a no, with which nothing is changed", async () => {
  for (const answer of ["yes\n", "staging\n", "\n", "Prod"]) {
    const asked = confirm("prod", undefined, typed(answer));
    await expect(asked).rejects.toThrow(Refused);
    await expect(asked).rejects.toMatchObject({ exitCode: 3, message: "Nothing was changed." });
  }
});

test("no answer at all, as without a terminal, is an error that says --yes", async () => {
  const asked = confirm("prod", undefined, typed(""));
  await expect(asked).rejects.toThrow(Refused);
  await expect(asked).rejects.toMatchObject({ exitCode: 3, message: expect.stringContaining("--yes") });
});

test("--yes asks nothing", async () => {
  const asking = typed("");
  await confirm("prod", true, asking);
  expect(asking.output.read()).toBeNull();
});

test("a question is told, and answered with the first line", async () => {
  const asking = typed("dating.example.com\nmore\n");
  expect(await ask("Host name: ", asking)).toBe("dating.example.com");
  expect(said(asking.output)).toContain("Host name: ");
});

test("each question takes the next line of a pipe, whether they come at once or one after the other", async () => {
  const asking = typed("dating.example.com\nssh://b");
  expect(await ask("Host name: ", asking)).toBe("dating.example.com");
  expect(await ask("Docker host: ", asking)).toBe("ssh://b");
  expect(await ask("Stack: ", asking)).toBeUndefined();
  expect(said(asking.output)).toBe("Host name: Docker host: Stack: ");

  const later = typed("a\n", { ends: false });
  expect(await ask("First: ", later)).toBe("a");
  const second = ask("Second: ", later);
  later.input.write("b\n");
  expect(await second).toBe("b");
});

test.each([
  ["dev", false, true, true],
  ["preview-pr-7", false, true, true],
  // It is on this machine only, and gone with its test.
  ["test-4711-a1b2c3", false, false, true],
  ["staging", true, false, false],
  ["prod", true, false, false],
  ["development", true, false, false],
])(
  "%s: a command that takes away asks: %s, is made by itself: %s, may have the public passphrase: %s",
  (...row) => {
    const [stack, asks, itself, open] = row;
    expect([asksFirst(stack), isMadeByItself(stack), mayHavePublicPassphrase(stack)]).toEqual([
      asks,
      itself,
      open,
    ]);
  },
);
