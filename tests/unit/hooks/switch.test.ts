import { FakeEngine, type Accident } from "../support/fake-engine";

// A busy machine takes seconds to start a process.
jest.setTimeout(300_000);

type Fault = ConstructorParameters<typeof FakeEngine>[0];

const engines: FakeEngine[] = [];
const engine = (fault?: Fault) => {
  engines.push(new FakeEngine(fault));
  return engines.at(-1)!;
};
afterEach(() => engines.splice(0).forEach((one) => one.remove()));

/** What the containers are in the end: the new one runs where it can, else the old one. */
const end = (fault?: Fault) =>
  fault === undefined
    ? { old: "exited", new: "running" }
    : { old: "running", new: fault === "refused" ? "created" : "exited" };

test("the new container takes the old one's place", async () => {
  const host = engine();
  expect(await host.switch()).toEqual({ code: 0, said: "" });
  expect(host.containers).toEqual(end());
  // Between stop and start, nobody serves.
  expect(host.calls.join(", ")).toContain("stop old, start new");
});

test.each([
  ["unhealthy", /^new did not become healthy within 1 seconds[^]*the last words of new[^]*exit 1: asked/],
  ["refused", /port is already allocated/],
] as const)(
  "a new container that is %s makes room for the old one, and the error says both",
  async (fault, why) => {
    const host = engine(fault);
    const { code, said } = await host.switch();
    expect(code).toBe(1);
    expect(said).toMatch(why);
    expect(said).toContain("new is stopped. old, the one before it, runs again and is healthy.");
    expect(host.containers).toEqual(end(fault));
  },
);

test("a new container that is gone stops nothing", async () => {
  const host = engine();
  host.forget("new");
  expect(await host.switch()).toEqual({
    code: 1,
    said: "Docker has no container new; nothing was stopped\n",
  });
  expect(host.containers).toEqual({ old: "running" });
});

test("a first container that does not get healthy goes on trying, as there is none before it", async () => {
  const host = engine("unhealthy");
  host.forget("old");
  expect((await host.switch()).code).toBe(1);
  expect(host.containers).toEqual({ new: "running" });
});

/** Runs a hook once for each of its calls, with an accident at that call. */
async function atEachCall(
  fault: Fault,
  accident: (call: number) => Accident,
  then: (host: FakeEngine, call: string) => Promise<void>,
): Promise<void> {
  const undisturbed = engine(fault);
  await undisturbed.switch();
  await Promise.all(
    undisturbed.calls.map(async (call, index) => {
      const host = engine(fault);
      await host.switch(accident(index + 1));
      await then(host, `${index + 1}: ${call}`);
      expect([call, host.everTwo]).toEqual([call, false]);
    }),
  );
}

test.each([undefined, "unhealthy"] as const)(
  "a call of Docker that gets no answer changes nothing about the end (%s)",
  (fault) =>
    atEachCall(
      fault,
      (call) => ({ silentAt: call }),
      async (host, call) => expect([call, host.containers]).toEqual([call, end(fault)]),
    ),
);

test.each([undefined, "unhealthy"] as const)(
  "killed after any call and run again, it ends as if it had not been (%s)",
  (fault) =>
    atEachCall(
      fault,
      (call) => ({ killedAfter: call }),
      async (host, call) => {
        await host.switch();
        expect([call, host.containers]).toEqual([call, end(fault)]);
      },
    ),
);

test("interrupted after any call, the old container runs, or the new one where it was healthy already", () =>
  atEachCall(
    undefined,
    (call) => ({ endedAfter: call }),
    async (host, call) => {
      const running = Object.entries(host.containers).filter(([, status]) => status === "running");
      expect([call, running]).toEqual([call, [expect.anything()]]);
    },
  ));
