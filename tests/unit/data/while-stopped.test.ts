import { whileStopped } from "../../../ops/backups/services";
import { FakeRestoreHost } from "../support/fake-restore-host";

let host: FakeRestoreHost;
beforeEach(() => {
  host = new FakeRestoreHost();
  jest.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => jest.restoreAllMocks());

const send = (signal: NodeJS.Signals) => {
  const listeners = process.listeners(signal) as ((signal: string) => void)[];
  listeners.forEach((listener) => listener(signal));
};

test("a signal ends what is done while services are stopped, and they are started when it has ended", async () => {
  const states: string[] = [];
  const stopped = whileStopped(host, ["bot"], async (aborted) => {
    send("SIGHUP");
    states.push(`aborted: ${aborted.aborted}, running: ${host.services.bot!.running}`);
    await Promise.resolve();
    states.push(`put in order, running: ${host.services.bot!.running}`);
    aborted.throwIfAborted();
  });
  await expect(stopped).rejects.toMatchObject({
    message: "interrupted by SIGHUP. bot started again.",
    exitCode: 129,
  });
  expect(states).toEqual(["aborted: true, running: false", "put in order, running: false"]);
  expect(host.calls).toEqual(["stop bot", "start bot"]);
  expect(process.listenerCount("SIGHUP")).toBe(0);
});

test("a signal during the stop keeps it from being begun", async () => {
  host.accidents = { signalAt: 1 };
  const action = jest.fn();
  await expect(whileStopped(host, ["bot"], action)).rejects.toThrow(
    "interrupted by SIGTERM. bot started again.",
  );
  expect(action).not.toHaveBeenCalled();
  expect(host.services.bot!.running).toBe(true);
});

test("services are started again after what was done has failed, which is told", async () => {
  const failing = () => Promise.reject(new Error("the disk is full"));
  await expect(whileStopped(host, ["bot"], failing)).rejects.toThrow("the disk is full");
  expect(host.services.bot!.running).toBe(true);
});
