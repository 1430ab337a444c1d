import { labelled, services } from "../support/docker";
import { Environments } from "../support/machines/environments";
import { request } from "../support/http";

jest.setTimeout(600_000);

let environments: Environments;
let first: string;
let second: string;
const urls: Record<string, string> = {};

beforeAll(async () => {
  environments = await Environments.of(2);
  [first, second] = environments.names as [string, string];
  urls[first] = environments.create(first);
  urls[second] = environments.create(second);
});
afterAll(() => environments?.discard());

const ops = (...args: string[]) => environments.project.run("./dating", ["env", ...args]);

test("two environments are served side by side, each with a database of people of its own", async () => {
  expect(urls[first]).not.toBe(urls[second]);
  for (const name of [first, second]) {
    const seen = await environments.look(name, urls[name]!);
    expect(seen).toEqual({ page: expect.stringContaining("Dating Mini App"), users: 40, unhealthy: [] });
  }
  const like = { user_id: 1, target_id: 40, interaction_type: "like" };
  expect((await request(`${urls[first]}/api/interactions`, like)).status).toBe(201);
  const count = async (name: string) => (await request(`${urls[name]}/api/interactions/count`)).body;
  expect(await count(first)).not.toBe(await count(second));
});

test("no container is on the other's network or volume", async () => {
  for (const name of [first, second]) {
    const volumes = await labelled("volume", environments.prefix(name));
    for (const { NetworkSettings, Mounts } of Object.values(await services(environments.prefix(name)))) {
      for (const network of Object.keys(NetworkSettings.Networks))
        expect(network.startsWith(`${environments.prefix(name)}-`)).toBe(true);
      for (const { Type, Name } of Mounts) if (Type === "volume") expect(volumes).toContain(Name);
    }
  }
});

test("an update from another checkout keeps the address and the data", async () => {
  const count = async () => (await request(`${urls[first]}/api/interactions/count`)).body;
  const before = await count();
  environments.forgetFile(first);
  expect(environments.create(first)).toBe(urls[first]);
  expect(await count()).toBe(before);
});

test("they are listed, and removed by name or by age with everything that they had", async () => {
  const listed = () => ops("list").match(/^preview-\S+ {2}deployed \d{4}-\S+ /gm)?.length ?? 0;
  expect(listed()).toBe(2);
  expect(ops("remove", "--older-than", "3d")).toBe("nothing to remove\n");
  expect(environments.project.attempt("./dating", ["env", "remove", "PR-nobody-made"]).stderr).toContain(
    "no such environment",
  );

  const containers = () => labelled("container", environments.prefix(first));
  const before = await containers();
  // Whoever removes it need not have made it.
  environments.forgetFile(second);
  ops("remove", second);
  expect(await environments.remains(second)).toEqual([]);
  // The other one serves on.
  expect(await containers()).toEqual(before);
  expect((await environments.look(first, urls[first]!)).unhealthy).toEqual([]);
  expect(listed()).toBe(1);

  ops("remove", "--older-than", "0m");
  expect(await environments.remains(first)).toEqual([]);
  expect(listed()).toBe(0);
});
