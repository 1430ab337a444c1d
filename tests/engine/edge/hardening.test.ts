import { readFileSync } from "node:fs";

import { webPort } from "../../../components/edge/ports";
import { imagesFor } from "../../../config/keys";
import { cisChecks } from "../../../policy/cis";
import type { Evidence, Inspected } from "../../../policy/inspected";
import { isWaived } from "../../../policy/waivers";
import { application } from "../support/application";
import { docker, inspect, labelled } from "../support/docker";
import type { Project } from "../support/project";

jest.setTimeout(600_000);

interface Process {
  pid: string;
  parent: string;
  user: string;
  command: string;
}

/** Whatever runs with the stack's label, be it in a list of services or not. */
interface Subject extends Evidence {
  service: string;
  /** The processes that its entry point has started: not those of health checks. */
  own: Process[];
}

let project: Project;
let subjects: Subject[];

beforeAll(async () => {
  ({ project } = await application());
  // Every service that there is.
  await project.configurePath("monitoring", "true");
  await project.up();
  const dockerCalls = project.dockerCalls();
  const containers = (await inspect(
    ...(await labelled("container", project.prefix)),
  )) as unknown as Inspected[];
  subjects = await Promise.all(
    containers.map(async (container) => {
      const listed = await processes(container);
      return {
        service: container.Config.Labels["dating.service"]!,
        container,
        processes: listed.map(({ command }) => command),
        own: descendants(listed, String(container.State.Pid)),
        dockerCalls,
      };
    }),
  );
});
afterAll(() => project?.discard());

async function processes({ Id }: Inspected): Promise<Process[]> {
  const [, ...lines] = (await docker("top", Id, "-eo", "pid,ppid,uid,args")).split("\n");
  return lines.map((line) => {
    const [pid, parent, user, ...command] = line.trim().split(/\s+/);
    return { pid: pid!, parent: parent!, user: user!, command: command.join(" ") };
  });
}

function descendants(all: Process[], pid: string): Process[] {
  return all
    .filter(({ parent }) => parent === pid)
    .flatMap((child) => [child, ...descendants(all, child.pid)]);
}

/** A line `NAME: VALUE` or `NAME   VALUE` of a file that the kernel keeps about the container's first process. */
function kernel({ container }: Subject, file: "status" | "limits", name: string): string {
  const line = readFileSync(`/proc/${container.State.Pid}/${file}`, "utf8")
    .split("\n")
    .find((text) => text.startsWith(name));
  return line!.slice(name.length).replace(/^:/, "").trim();
}

/** The names of the services of which something does not hold. */
const failing = (holds: (subject: Subject) => boolean, candidates = subjects) =>
  candidates.filter((subject) => !holds(subject)).map(({ service }) => service);

/** Whether a container is let off a rule. */
const free = (rule: string, { container }: Subject) =>
  isWaived(rule, (label) => container.Config.Labels[label]);

/** The containers that have to keep a rule. */
const bound = (rule: string) => subjects.filter((subject) => !free(rule, subject));

test("the stack's containers are found, and each is a service's", () => {
  const services = imagesFor(true).filter((name) => name !== "migrations");
  expect(subjects.map(({ service }) => service).sort()).toEqual(services.sort());
});

describe("CIS Docker Benchmark, section 5", () => {
  test.each(
    cisChecks.flatMap((check) => ("holds" in check ? [[check.id, check.title, check] as const] : [])),
  )("%s: %s", (_, __, { rule, holds }) => expect(failing(holds, rule ? bound(rule) : subjects)).toEqual([]));

  test("who is let off a check would fail it", () => {
    const needless = cisChecks.flatMap((check) => {
      if (!("holds" in check) || !check.rule) return [];
      const waived = subjects.filter((subject) => free(check.rule!, subject));
      return waived.filter(check.holds).map(({ service }) => `${check.id} ${service}`);
    });
    expect(needless).toEqual([]);
  });
});

describe("the kernel says of every container that", () => {
  test("its processes cannot gain privileges and are filtered by seccomp", () => {
    expect(failing((subject) => kernel(subject, "status", "NoNewPrivs") === "1")).toEqual([]);
    expect(failing((subject) => kernel(subject, "status", "Seccomp") === "2")).toEqual([]);
  });

  test("its capabilities are the stated ones, and none but in postgres", () => {
    const bounds = Object.fromEntries(
      subjects.map((subject) => [subject.service, BigInt(`0x${kernel(subject, "status", "CapBnd")}`)]),
    );
    const { postgres, ...others } = bounds;
    // CHOWN, DAC_OVERRIDE, FOWNER, SETGID and SETUID, by their numbers.
    expect(postgres).toBe([0n, 1n, 3n, 6n, 7n].reduce((sum, bit) => sum | (1n << bit), 0n));
    expect(Object.entries(others).filter(([, capabilities]) => capabilities !== 0n)).toEqual([]);
  });

  test("the number of its processes is limited", () => {
    const limits = subjects.map((subject) =>
      Number(kernel(subject, "limits", "Max processes").split(/\s+/)[0]),
    );
    expect(limits.filter((limit) => !(limit > 0 && limit <= 4096))).toEqual([]);
  });

  test("what its entry point has started is not root's, where no reason is stated", () => {
    expect(failing(({ own }) => own.length > 0)).toEqual([]);
    expect(failing(({ own }) => own.every(({ user }) => user !== "0"), bound("non-root"))).toEqual([]);
    const root = subjects.filter(({ own }) => own.some(({ user }) => user === "0"));
    const waived = subjects.filter((subject) => free("non-root", subject));
    expect(root.map(({ service }) => service)).toEqual(waived.map(({ service }) => service));
    expect(root.map(({ service }) => service).sort()).toEqual(["socket-proxy", "traefik"]);
  });
});

/** The networks' names, without the stack's, and whether the internet is out of their reach. */
async function networks(): Promise<{ Name: string; Internal: boolean }[]> {
  const found = await inspect(...(await labelled("network", project.prefix)));
  return found as unknown as { Name: string; Internal: boolean }[];
}

const short = (network: string) => network.slice(project.prefix.length + 1);

/** The table in docs/reference/hardening.md: each service's networks, and whether it has a way out. */
function told(): Map<string, { networks: string; out: boolean }> {
  const [, table] = /<!-- networks -->\n([^]*)<!-- \/networks -->/.exec(
    readFileSync("docs/reference/hardening.md", "utf8"),
  )!;
  const rows = table!.trim().split("\n").slice(2);
  return new Map(
    rows.flatMap((row) => {
      const [, services, on, wants] = row.split("|").map((cell) => cell.trim());
      const entry = { networks: on!, out: wants !== "no way out" };
      return services!.split(", ").map((service) => [service, entry] as const);
    }),
  );
}

test("each service is on the networks that docs/reference/hardening.md tells, and has a way out where it tells so", async () => {
  const said = told();
  const seen = subjects.map(({ service, container }) => {
    const { Networks: on } = (container as unknown as { NetworkSettings: { Networks: object } })
      .NetworkSettings;
    // In what the kernel knows of the container's routes, the default one goes to 0.0.0.0.
    const routes = readFileSync(`/proc/${container.State.Pid}/net/route`, "utf8").split("\n");
    const out = routes.some((route) => route.split("\t")[1] === "00000000");
    return { service, networks: Object.keys(on).map(short).sort().join(", "), out };
  });
  expect(seen).toEqual(seen.map(({ service }) => ({ service, ...said.get(service) })));
});

test("neither the bot nor the web app reaches what measures them", async () => {
  const addresses = subjects.flatMap(({ service, container }) => {
    const { Networks: on } = (
      container as unknown as { NetworkSettings: { Networks: Record<string, { IPAddress: string }> } }
    ).NetworkSettings;
    return Object.values(on).map(({ IPAddress }) => ({ service, address: IPAddress }));
  });
  const of = (name: string) => addresses.filter(({ service }) => service === name);
  const ports = { prometheus: 9090, alertmanager: 9093, loki: 3100, grafana: 3000 };
  const targets = Object.entries(ports).flatMap(([service, port]) =>
    of(service).map(({ address }) => `${address} ${port}`),
  );
  const reached = async (from: string, to: string[]) => {
    const connect = to.map(
      (target) =>
        `timeout 2 bash -c 'exec 3<>/dev/tcp/${target.replace(" ", "/")}' 2>/dev/null && echo ${target}`,
    );
    const { container } = subjects.find(({ service }) => service === from)!;
    const said = await docker("exec", container.Id, "sh", "-c", `${connect.join("; ")}; true`);
    return said.split("\n").filter(Boolean);
  };
  const edge = of("traefik").map(({ address }) => `${address} ${webPort}`);
  for (const service of ["bot", "webapp"]) {
    expect([service, await reached(service, targets)]).toEqual([service, []]);
    // So that a way of asking that reaches nobody would be noticed.
    expect(await reached(service, edge)).toHaveLength(1);
  }
});

test("only two networks have a way out", async () => {
  const all = await networks();
  const open = all.filter(({ Internal }) => !Internal).map(({ Name }) => short(Name));
  expect(open.sort()).toEqual(["edge", "egress"]);
  const { container } = subjects.find(({ service }) => service === "socket-proxy")!;
  // From the inside, so that no packet leaves the host unless something is wrong.
  const connect = "timeout 2 bash -c 'exec 3<>/dev/tcp/1.1.1.1/53' 2>/dev/null && echo out || echo shut";
  for (const { Name } of all.filter(({ Internal }) => Internal)) {
    const label = ["--label", `dating.stack=${project.prefix}`];
    const image = (container as unknown as { Config: { Image: string } }).Config.Image;
    const said = await docker("run", "--rm", "--network", Name, ...label, image, "sh", "-c", connect);
    expect([Name, said]).toEqual([Name, "shut"]);
  }
});

test("no log grows beyond its rotation", () => {
  const rotates = ({ container: { HostConfig } }: Subject) =>
    HostConfig.LogConfig.Type === "json-file" &&
    Boolean(HostConfig.LogConfig.Config["max-size"] && HostConfig.LogConfig.Config["max-file"]);
  expect(failing(rotates)).toEqual([]);
});

describe("secrets", () => {
  /** Every secret in the state, however deep, as plain text. */
  const secrets = () => {
    const found = new Set<string>();
    const collect = (value: unknown) => {
      if (typeof value === "string" && value.length >= 8) found.add(value);
      else if (value !== null && typeof value === "object")
        // Where a secret file is, is no secret.
        for (const [key, inner] of Object.entries(value)) if (key !== "file") collect(inner);
    };
    const state = project.run("pulumi", ["stack", "export", "--show-secrets", "--stack", project.stackName]);
    JSON.parse(state, (key, value: unknown) => {
      if (key === "plaintext") collect(JSON.parse(value as string));
      return value;
    });
    return [...found];
  };

  test("are in no container's `docker inspect`, but the bot's in its environment", () => {
    const all = secrets();
    expect(all.length).toBeGreaterThan(5);
    const shown = subjects.flatMap((subject) => {
      const { service, container } = subject;
      const seen = free("no-secret-in-environment", subject)
        ? { ...container, Config: { ...container.Config, Env: [] } }
        : container;
      const text = JSON.stringify(seen);
      return all.filter((secret) => text.includes(JSON.stringify(secret).slice(1, -1))).map(() => service);
    });
    expect(shown).toEqual([]);
    // So that a test of nothing would be noticed.
    const bot = subjects.find(({ service }) => service === "bot")!;
    expect(all.filter((secret) => JSON.stringify(bot.container).includes(secret)).length).toBeGreaterThan(0);
  });
});
