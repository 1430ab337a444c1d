import { botToken } from "../../engine/support/application";
import { services } from "../../engine/support/docker";
import { Environments } from "../../engine/support/machines/environments";
import { anyCertificate, ask, askUntil } from "../../engine/support/https";
import { describeWithPebble, Pebble } from "../../engine/support/stores/pebble";
import { freePort } from "../../engine/support/project";
import { certificateFor } from "../../support/certificate";

jest.setTimeout(1_200_000);

const domain = "staging.test";
const password = "correct-horse-battery";
const headers = { authorization: `Basic ${Buffer.from(`preview:${password}`).toString("base64")}` };
let environments: Environments;
let settings: Record<string, string>;
let ports: { http: number; https: number };

beforeAll(async () => {
  environments = await Environments.of(2);
  ports = { http: await freePort(), https: await freePort() };
  settings = {
    ...{ domain, previewDomain: domain, localImages: "true", rateLimit: "0" },
    ...{ httpPort: String(ports.http), httpsPort: String(ports.https) },
  };
});
afterAll(() => environments?.discard());

const host = (name: string) => `${name.toLowerCase()}.${domain}`;
const create = (name: string) =>
  environments.create(name, { behind: environments.project.stackName, password });

/** What people see of an environment who trust this alone. */
async function expectServed(name: string, trust: string): Promise<void> {
  const served = await askUntil(200, host(name), ports.https, "/health", trust, headers);
  expect(served.body).toBe('{"status": "healthy"}');
  expect((await ask(host(name), ports.https, "/", trust)).status).toBe(401);
  // Telegram opens nothing without HTTPS, and people type no scheme.
  const led = await ask(host(name), ports.http, "/page");
  expect([led.status, led.headers.location]).toEqual([301, `https://${host(name)}:${ports.https}/page`]);
  expect(environments.smoke(name, trust)).toMatchObject({ status: 0 });
}

test("environments behind an edge with a certificate for all names below one are served with it", async () => {
  const { certificate, key } = certificateFor([domain, `*.${domain}`]);
  const { project, names } = environments;
  await project.configure(
    { ...settings, tls: "files", tlsCertificate: certificate },
    { botToken, tlsKey: key },
  );
  await project.up();
  expect(create(names[0]!)).toBe(`https://${host(names[0]!)}:${ports.https}`);
  await expectServed(names[0]!, certificate);
});

describeWithPebble("behind an edge that gets its certificates from an authority", () => {
  let pebble: Pebble;
  let root: string;

  test("each environment has a certificate for its own name, and the edge's stack keeps its own", async () => {
    const { project, names } = environments;
    pebble = Pebble.start(project.prefix, undefined, ports.http);
    // As a DNS record for all names below one does it, before there is any environment.
    for (const name of [domain, ...names.map(host)]) pebble.teach(name);
    const authority = { acmeServer: pebble.directory, acmeCaCertificate: pebble.caCertificate };
    await project.configure({ ...settings, tls: "acme", ...authority }, { botToken });
    await project.up();
    root = pebble.root((await services(project.prefix)).webapp!.Config.Image);

    for (const name of names) {
      expect(create(name)).toBe(`https://${host(name)}:${ports.https}`);
      await expectServed(name, root);
    }
    expect((await ask(domain, ports.https, "/health", root)).body).toContain("healthy");
    const serials = await Promise.all(
      [domain, ...names.map(host)].map(
        async (name) => (await ask(name, ports.https, "/health", root)).serial,
      ),
    );
    expect(new Set(serials).size).toBe(3);
    expect(pebble.issued()).toBe(3);
  });

  test("an environment that is brought up to date, or made again, needs no other certificate", async () => {
    const [first, second] = environments.names as [string, string];
    create(first);
    environments.project.run("./dating", ["env", "remove", second]);
    expect((await ask(host(second), ports.https, "/health", anyCertificate, headers)).status).toBe(404);
    create(second);
    await expectServed(second, root);
    expect(pebble.issued()).toBe(3);
  });

  test("and nothing is left of them", async () => {
    environments.project.run("./dating", ["env", "remove", ...environments.names]);
    for (const name of environments.names) expect(await environments.remains(name)).toEqual([]);
  });
});
