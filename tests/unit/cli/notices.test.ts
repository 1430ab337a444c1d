import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { announced, noticeInWords } from "../../../ops/notices";

let server: Server;
let told: { path: string; body: Record<string, unknown> }[];
let status: number;
let said: string[];

beforeEach(async () => {
  told = [];
  status = 200;
  said = [];
  jest.spyOn(console, "error").mockImplementation((line: string) => void said.push(line));
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      told.push({ path: request.url!, body: JSON.parse(body) as Record<string, unknown> });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
afterEach(() => {
  jest.restoreAllMocks();
  server.close();
  server.closeAllConnections();
});

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const run = { GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "acme/dating", GITHUB_RUN_ID: "7" };
const everybody = () => ({
  ...run,
  GITHUB_ACTOR: "ana",
  DEPLOY_WEBHOOK_URL: `${address()}/hook`,
  DEPLOY_TELEGRAM_URL: address(),
  DEPLOY_CHAT_ID: "-100",
  DEPLOY_BOT_TOKEN: "1:secret",
});
const link = "https://github.com/acme/dating/actions/runs/7";

test("who deploys is told to a webhook and a chat, before and after", async () => {
  const before: number[] = [];
  await expect(announced("prod", () => before.push(told.length), everybody())).resolves.toBe(1);
  expect(before).toEqual([2]);
  const by = (path: string) => told.filter((each) => each.path === path).map(({ body }) => body);
  expect(by("/hook")).toEqual([
    { stack: "prod", event: "started", by: "ana", link, text: `prod is being deployed by ana: ${link}` },
    { stack: "prod", event: "done", by: "ana", link, text: `prod was deployed by ana: ${link}` },
  ]);
  expect(by("/bot1:secret/sendMessage")).toEqual([
    { chat_id: "-100", text: `prod is being deployed by ana: ${link}` },
    { chat_id: "-100", text: `prod was deployed by ana: ${link}` },
  ]);
});

test("a deploy that fails is told, and fails as it did", async () => {
  const env = { ...everybody(), DEPLOY_CHAT_ID: "" };
  await expect(
    announced("prod", () => Promise.reject(new Error("the bot is not healthy")), env),
  ).rejects.toThrow("the bot is not healthy");
  expect(told.map(({ body }) => body.event)).toEqual(["started", "failed"]);
});

test("where nobody can be told, the deploy goes on, and no address is shown", async () => {
  status = 404;
  await expect(announced("prod", () => "deployed", everybody())).resolves.toBe("deployed");
  const gone = { ...everybody(), DEPLOY_WEBHOOK_URL: "http://127.0.0.1:1/hook-secret", DEPLOY_CHAT_ID: "" };
  await expect(announced("prod", () => "deployed", gone)).resolves.toBe("deployed");
  expect(said).toContain("Nobody was told of the deploy: Telegram answers 404");
  expect(said).toContain("Nobody was told of the deploy: the webhook cannot be reached");
  expect(said.join()).not.toContain("secret");
});

test("where nobody is to be told, nobody is asked; from a desk it is the user and the machine", async () => {
  await announced("prod", () => undefined, {});
  expect([told, said]).toEqual([[], []]);
  await announced("prod", () => undefined, { DEPLOY_WEBHOOK_URL: address() });
  expect(told[0]!.body.by).toMatch(/^\S+@\S+$/);
  expect(noticeInWords({ stack: "prod", event: "failed", by: "ana@desk" })).toBe(
    "prod could not be deployed by ana@desk",
  );
});
