import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { askFromHere } from "../../../ops/status/from-here";

let server: Server;
let address: string;
/** What the edge before answers to who brings neither. */
let refusal: Record<string, string>;

beforeAll(async () => {
  server = createServer(({ headers }, response) => {
    const { authorization = "" } = headers;
    if (!authorization.startsWith("Bearer "))
      return void response.writeHead(401, refusal).end("401 Unauthorized");
    response
      .writeHead(200, { "content-type": "application/json; charset=utf-8" })
      .end('{"status": "healthy"}');
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

test("a preview environment behind a password is asked past it, as its page asks", async () => {
  refusal = { "www-authenticate": 'Basic realm="traefik"' };
  const served = { status: 200, type: "application/json", body: '{"status": "healthy"}' };
  expect(await askFromHere(`${address}/health`)).toEqual(served);
});

test("an application that refuses by itself is told as it is", async () => {
  refusal = {};
  expect(await askFromHere(`${address}/health`)).toEqual({ status: 401, type: "", body: "401 Unauthorized" });
});
