import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { certificateFor } from "../../support/certificate";
import { application, botToken } from "../support/application";
import { services } from "../support/docker";
import { ask, askUntil } from "../support/https";
import { describeWithPebble, Pebble } from "../support/stores/pebble";
import { freePort, type Project } from "../support/project";
import { soakTest } from "../support/soak";

jest.setTimeout(600_000);

const domain = "dating.test";
const alias = "www.dating.test";
let project: Project;
let ports: { http: number; https: number };
let settings: Record<string, string>;

beforeAll(async () => {
  let url: string;
  ({ project, url } = await application());
  ports = { http: Number(new URL(url).port), https: await freePort() };
  settings = {
    ...{ domain, localImages: "true", httpPort: String(ports.http), httpsPort: String(ports.https) },
    aliases: JSON.stringify({ [alias]: "redirect" }),
  };
});
afterAll(() => project?.discard());

const traefik = async () => (await services(project.prefix)).traefik!.Id;

describe("a certificate of one's own", () => {
  const first = certificateFor([domain, alias]);
  const configure = ({ certificate, key }: typeof first) =>
    project.configure({ ...settings, tls: "files", tlsCertificate: certificate }, { botToken, tlsKey: key });

  test("is served under every name, and its key is shown nowhere", async () => {
    await configure(first);
    const { text } = await project.up();
    expect(text).toMatch(/dating\.test: certificate of dating-test until \d{4}-/);
    expect((await askUntil(200, domain, ports.https, "/health", first.certificate)).body).toContain(
      "healthy",
    );
    const led = await ask(alias, ports.https, "/page?x=1", first.certificate);
    expect(led.headers.location).toBe(`https://${domain}:${ports.https}/page?x=1`);
    const shown = JSON.stringify(await services(project.prefix)) + text + project.dockerCalls().join();
    expect(shown).not.toContain(first.key.split("\n")[1]);
    expect(readFileSync(project.stateFile, "utf8")).not.toContain(first.key.split("\n")[1]);
  });

  test("is the same in every preview", async () => {
    expect((await project.preview({ refresh: true })).steps).toEqual([]);
  });

  test("gives way to another without an absence", async () => {
    const before = await traefik();
    const next = certificateFor([domain, alias]);
    await configure(next);
    const { steps } = await project.up();
    expect(steps.filter((step) => step.includes("docker:"))).toEqual([]);
    expect(await traefik()).toBe(before);
    expect((await ask(domain, ports.https, "/health", next.certificate)).status).toBe(200);
    expect(project.run("./dating", ["status", project.stackName])).toMatch(
      /HTTPS: +dating\.test until \d{4}-/,
    );
  });
});

describeWithPebble("a certificate from an authority that does not find the name yet", () => {
  let pebble: Pebble;
  let root: string;

  beforeAll(() => {
    pebble = Pebble.start(project.prefix, undefined, ports.http);
    // Not twenty minutes, for a test.
    const file = join(project.directory, "components/edge/asking-again.ts");
    const text = readFileSync(file, "utf8");
    expect(text).toContain("const seconds = 20 * 60;");
    writeFileSync(file, text.replace("const seconds = 20 * 60;", "const seconds = 10;"));
  });

  test("is missing with a warning that says why, in the deploy and in ./dating status", async () => {
    const authority = { acmeServer: pebble.directory, acmeCaCertificate: pebble.caCertificate };
    await project.configure({ ...settings, tls: "acme", ...authority }, { botToken });
    const { text } = await project.up();
    const warning =
      /warning: there is no certificate for dating\.test yet\. Traefik said at \S+: .*urn:ietf:params:acme:error/;
    expect(text).toMatch(warning);
    expect(text).toContain(`warning: there is no certificate for ${alias} yet`);
    expect(project.run("./dating", ["status", project.stackName])).toMatch(
      /HTTPS: +WARNING: there is no certificate for dating\.test yet\. Traefik said at .*acme:error/,
    );
  });

  test("comes without a deploy when one of the names is found, whatever the other is", async () => {
    root = pebble.root((await services(project.prefix)).webapp!.Config.Image);
    pebble.teach(alias);
    const led = await askUntil(301, alias, ports.https, "/", root);
    expect(led.headers.location).toBe(`https://${domain}:${ports.https}/`);
    await expect(ask(domain, ports.https, "/health", root)).rejects.toThrow();

    pebble.teach(domain);
    expect((await askUntil(200, domain, ports.https, "/health", root)).body).toContain("healthy");
    expect(pebble.issued()).toBe(2);
    const status = project.run("./dating", ["status", project.stackName]);
    expect(status).toMatch(/HTTPS: +dating\.test until \d{4}-.*\n.*HTTPS: +www\.dating\.test until \d{4}-/);
  });

  soakTest("is not asked for any more once it is there", async () => {
    await new Promise((later) => setTimeout(later, 25_000));
    expect(pebble.issued()).toBe(2);
    expect((await project.preview({ refresh: true })).steps).toEqual([]);
  });
});
