import { Environments } from "../engine/support/environments";

jest.setTimeout(1_800_000);

const count = 10;
let environments: Environments;

beforeAll(async () => {
  environments = await Environments.of(count);
});
afterAll(() => environments?.discard());

test("ten preview environments run side by side on one host, and leave nothing behind", async () => {
  const urls = new Map(environments.names.map((name) => [name, environments.create(name)]));
  expect(new Set(urls.values()).size).toBe(count);

  // All of them, once all are there.
  for (const [name, url] of urls) {
    const seen = await environments.look(name, url);
    expect(seen).toEqual({ page: expect.stringContaining("Dating Mini App"), users: 40, unhealthy: [] });
  }

  environments.project.run("./dating", ["env", "remove", ...environments.names]);
  for (const name of environments.names) expect(await environments.remains(name)).toEqual([]);
});
