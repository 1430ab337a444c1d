import { parseReference } from "../../../images/reference";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

test.each([
  ["postgres:15", { registry: "docker.io", repository: "library/postgres", name: "postgres", tag: "15" }],
  ["grafana/loki", { registry: "docker.io", repository: "grafana/loki", name: "grafana/loki" }],
  [
    `ghcr.io/example/dating/bot:1.2.0@${digest}`,
    {
      registry: "ghcr.io",
      repository: "example/dating/bot",
      name: "ghcr.io/example/dating/bot",
      tag: "1.2.0",
      digest,
    },
  ],
  [
    `127.0.0.1:5000/bot@${digest}`,
    { registry: "127.0.0.1:5000", repository: "bot", name: "127.0.0.1:5000/bot", digest },
  ],
  ["localhost/bot:1", { registry: "localhost", repository: "bot", name: "localhost/bot", tag: "1" }],
])("%s", (reference, parts) => {
  expect(parseReference(reference)).toEqual({ tag: undefined, digest: undefined, ...parts });
});

test.each(["", "Upper/Case:1", "bot:", "bot@sha256:short", "two words", "host:5000/", "bot:a:b"])(
  "%j is refused",
  (reference) => expect(() => parseReference(reference)).toThrow("is not an image reference"),
);
