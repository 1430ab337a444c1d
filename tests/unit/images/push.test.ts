import { pushedDigest } from "../../../images/push";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

test("the digest is what the push says of its tag", () => {
  const output = `The push refers to repository [registry.example.com/dating/bot]
5f70bf18a086: Pushed
0123456789ab: digest: ${digest("a")} size: 1234
`;
  expect(pushedDigest(output)).toBe(digest("a"));
});

test("of an image of which one platform alone is here, it is that platform's", () => {
  const output = `The push refers to repository [registry.example.com/dating/bot]
4f4fb700ef54: Pushed
0123456789ab: digest: ${digest("b")} size: 1001

Info → Not all multiplatform-content is present and only the available single-platform image was pushed
         ${digest("a")} -> ${digest("b")}
`;
  expect(pushedDigest(output)).toBe(digest("b"));
});

test("there is none where the push does not say it", () => {
  expect(
    pushedDigest(`The push refers to repository [r]\nfirst: ${digest("a")}\n${digest("b")} size: 1\n`),
  ).toBe(undefined);
});
