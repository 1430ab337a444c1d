import { botToken } from "../../engine/support/application";
import { DockerHost } from "../../engine/support/machines/docker-host";
import { requestUntilHealthy } from "../../engine/support/http";
import { Load } from "../../engine/support/load";
import { freePort, Project } from "../../engine/support/project";
import { digests, swarmEngine } from "../../engine/support/machines/swarm";
import { Switch } from "../../engine/support/machines/switch";
import { imagesFor } from "../../../config/keys";
import { localImage } from "../../../images/content";

jest.setTimeout(1_800_000);

let project: Project;
let places: Project[];
let hosts: DockerHost[];
let network: Switch;
let url: string;

const [one, two, three] = [0, 1, 2] as const;

beforeAll(async () => {
  // Folders beside one another, one for each host.
  places = [];
  while (places.length < 3) places.push(await Project.create());
  project = places[one]!;
  const port = await freePort();
  url = `http://localhost:${port}`;
  hosts = places.map(({ directory }, index) =>
    DockerHost.start(directory, index === one ? [port] : [], { options: swarmEngine.options }),
  );
  const images = imagesFor(false).map((name) => localImage(name));
  // What owns data stays on the first; the others get what runs anywhere.
  hosts[one]!.load(images);
  for (const index of [two, three]) hosts[index]!.load([localImage("webapp")]);
  const wired = Switch.between(hosts);
  network = wired.network;
  const [first, second, third] = wired.addresses as [string, string, string];
  hosts[one]!.docker(["swarm", "init", "--advertise-addr", first]);
  const token = hosts[one]!.docker(["swarm", "join-token", "--quiet", "worker"]).trim();
  for (const [index, address] of [
    [two, second],
    [three, third],
  ] as const)
    hosts[index]!.docker(["swarm", "join", "--advertise-addr", address, "--token", token, `${first}:2377`]);
  const id = hosts[one]!.docker(["info", "--format", "{{.Swarm.NodeID}}"]).trim();
  hosts[one]!.docker(["node", "update", "--label-add", `${project.prefix}.data=yes`, id]);
  await project.configure(
    {
      ...{
        orchestrator: "swarm",
        dockerHost: hosts[one]!.address,
        domain: "localhost",
        httpPort: String(port),
      },
      ...{ rateLimit: "0", images: JSON.stringify(digests()), healthTimeout: "180" },
      botCommand: JSON.stringify(["python3", "-m", "sample_bot"]),
      replicas: JSON.stringify({ webapp: 3 }),
    },
    { botToken },
  );
});
afterAll(() => {
  hosts?.forEach((host) => host.stop());
  network?.remove();
  places?.forEach((place) => place.discard());
});

/** On how many nodes tasks of the web app run. */
const nodesOfWebapp = () => {
  const rows = hosts[one]!.docker([
    ...["service", "ps", "--filter", "desired-state=running", "--format", "{{.Node}} {{.CurrentState}}"],
    `${project.prefix}-webapp`,
  ]);
  return rows.split("\n").filter((row) => / Running /.test(row));
};

const untilRunning = async (count: number, seconds: number) => {
  const deadline = Date.now() + seconds * 1000;
  while (nodesOfWebapp().length !== count) {
    if (Date.now() > deadline) throw new Error(`the web app has the tasks ${nodesOfWebapp().join("; ")}`);
    await new Promise((later) => setTimeout(later, 500));
  }
};

test("three hosts serve a stack, and leave nothing to do", async () => {
  await project.up();
  await requestUntilHealthy(url);
  expect(nodesOfWebapp()).toHaveLength(3);
  const used = [one, two, three].map(
    (index) =>
      hosts[index]!.docker(["ps", "--quiet", "--filter", "label=dating.service=webapp"])
        .split("\n")
        .filter(Boolean).length,
  );
  expect(used).toEqual([1, 1, 1]);
  expect((await project.preview()).steps).toEqual([]);
  expect((await project.preview({ refresh: true })).steps).toEqual([]);
});

test("a release reaches the tasks on all hosts without a lost request", async () => {
  await project.configurePath("memory.webapp", "100 MiB");
  const load = new Load(url);
  await project.up();
  const seen = await load.stop();
  expect(seen.failures).toEqual([]);
  expect(seen.sent).toBeGreaterThan(500);
});

test("a worker that is killed takes its tasks to the others, and people see it for a moment at most", async () => {
  const load = new Load(url);
  hosts[three]!.stop();
  await new Promise((later) => setTimeout(later, 45_000));
  const seen = await load.stop();
  // What was on its way to that host.
  expect(seen.failures.length).toBeLessThan(seen.sent / 100);
  await untilRunning(3, 60);
  await requestUntilHealthy(url);
  // A deploy goes on without it.
  await project.configurePath("memory.webapp", "110 MiB");
  await project.up();
  await requestUntilHealthy(url);
});
