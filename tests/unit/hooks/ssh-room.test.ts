import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

const root = join(__dirname, "../../..");
/** sshd's limit is ten, and it may not have seen the end of as many. */
const most = 5;

let home: string;
let server: Server;
let clients: ChildProcess[] = [];

/** A socket as ssh makes it for a connection that is open. */
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "dating-room-"));
  mkdirSync(join(home, ".ssh"));
  server = createServer().listen(join(home, ".ssh/dating-host-1"));
  await once(server, "listening");
});
afterEach(() => {
  clients.forEach((client) => client.kill());
  clients = [];
  server.close();
  rmSync(home, { recursive: true, force: true });
});

/** Stands for an ssh that asks for room on the connections in turn, and goes over the first that has it. */
async function connect(): Promise<{ client: ChildProcess; over: string }> {
  const ask =
    'for number in 1 2; do sh hooks/ssh/room host $number && over="${over:-} $number"; done; echo "over${over:-}"; read end';
  const client = spawn("sh", ["-c", ask], {
    cwd: root,
    env: { ...process.env, HOME: home, TMPDIR: home },
    stdio: ["pipe", "pipe", "inherit"],
  });
  clients.push(client);
  const [said] = (await once(client.stdout, "data")) as [Buffer];
  return { client, over: said.toString().trim() };
}

test("a connection has room for five sessions at once, and who comes then goes over the next", async () => {
  const taken = await Promise.all(Array.from({ length: most }, connect));
  expect(taken.map(({ over }) => over)).toEqual(Array.from({ length: most }, () => "over 1"));
  expect((await connect()).over).toBe("over 2");
});

test("a session that has ended, however it did, leaves its room to the next", async () => {
  const taken = await Promise.all(Array.from({ length: most }, connect));
  taken[3]!.client.kill("SIGKILL");
  await once(taken[3]!.client, "close");
  expect((await connect()).over).toBe("over 1");
});

test("who comes before the first one has logged in waits for it, and does not log in, too", async () => {
  server.close();
  await connect();
  const second = connect();
  await new Promise((later) => setTimeout(later, 500));
  const tickets = readdirSync(home).find((name) => name.startsWith("dating-ssh-"))!;
  expect(readdirSync(join(home, tickets, "1"))).toHaveLength(2);
  expect(await Promise.race([second, Promise.resolve("waits")])).toBe("waits");
  server = createServer().listen(join(home, ".ssh/dating-host-1"));
  expect((await second).over).toBe("over 1");
});
