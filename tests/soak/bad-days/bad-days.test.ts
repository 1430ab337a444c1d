import { application, rowCounts, sql } from "../../engine/support/application";
import { docker, inspect, services } from "../../engine/support/docker";
import { healthy, request, requestUntilHealthy } from "../../engine/support/http";
import { freePort, Project } from "../../engine/support/project";
import { botToken } from "../../engine/support/application";

jest.setTimeout(900_000);

const like = (url: string, user: number) =>
  request(`${url}/api/interactions`, { user_id: user, target_id: 999_999, interaction_type: "like" });

describe("a full disk under the database", () => {
  let project: Project;
  let url: string;
  let holder: string;

  beforeAll(async () => {
    project = await Project.create();
    const port = await freePort();
    url = `http://localhost:${port}`;
    await project.configure(
      { domain: "localhost", httpPort: String(port), localImages: "true" },
      { botToken },
    );
    // A disk of its own, which stays for as long as somebody mounts it.
    const volume = `${project.prefix}_postgres_data`;
    const options = ["type=tmpfs", "device=tmpfs", "o=size=160m"].flatMap((each) => ["--opt", each]);
    await docker("volume", "create", "--label", `dating.stack=${project.prefix}`, ...options, volume);
    const { postgres } = JSON.parse(
      project.run("node", [
        "--import",
        "tsx",
        "--print",
        "JSON.stringify({postgres: require('./images/content').localImage('postgres')})",
      ]),
    ) as { postgres: string };
    holder = `${project.prefix}-holder`;
    await docker(
      ...["run", "--detach", "--name", holder, "--label", `dating.stack=${project.prefix}`],
      ...["--label", "dating.service=holder", "--user", "0", "--volume", `${volume}:/disk`],
      ...["--entrypoint", "sleep", postgres, "infinity"],
    );
    await project.up();
    await requestUntilHealthy(url);
  });
  afterAll(() => project?.discard());

  test("refuses writes, goes on reading, loses nothing, and recovers when there is room again", async () => {
    expect((await like(url, 1)).status).toBe(201);
    // Pages that have room would take new rows; an index of its own size would not.
    await docker(
      "exec",
      holder,
      "sh",
      "-c",
      "dd if=/dev/zero of=/disk/filler bs=64k 2>/dev/null; df /disk >&2; true",
    );
    let refused = 0;
    let written = 1;
    for (let user = 2; user < 4000 && refused < 3; user++) {
      const { status } = await like(url, user);
      if (status === 201) written++;
      else refused++;
    }
    expect(refused).toBe(3);
    expect((await request(`${url}/api/interactions/count`)).status).toBe(200);

    await docker("exec", holder, "rm", "/disk/filler");
    await requestUntilHealthy(url);
    expect((await like(url, 100_000)).status).toBe(201);
    expect((await rowCounts(project)).interactions).toBe(written + 1);
  });
});

describe("too little memory", () => {
  let project: Project;
  let url: string;

  beforeAll(async () => {
    ({ project, url } = await application());
    await project.stack.setConfig("dating:healthTimeout", { value: "45" });
    await project.up();
    await requestUntilHealthy(url);
    expect((await like(url, 1)).status).toBe(201);
  });
  afterAll(() => project?.discard());

  test("for a query ends that query: the database comes back by itself with every row", async () => {
    const rows = await rowCounts(project);
    const { postgres } = await services(project.prefix);
    await expect(
      sql(
        project,
        "set work_mem = '4GB'; select count(*) from (select array_agg(n) from generate_series(1, 200000000) n) x",
      ),
    ).rejects.toThrow(/server closed the connection|terminat/);
    await requestUntilHealthy(url);
    expect(await rowCounts(project)).toEqual(rows);
    const [after] = await inspect(postgres!.Id);
    // The limit is the container's own: nothing else on the host was in danger.
    expect(after!.State.Status).toBe("running");
    expect(Object.keys(await services(project.prefix))).toHaveLength(6);
  });

  test("for a new bot fails the deploy, and the old bot goes on serving", async () => {
    const before = (await services(project.prefix)).bot!.Id;
    // A limit alone is given to the running container, and refused where that uses more.
    await project.configurePath("memory.bot", "12 MiB");
    await expect(project.up()).rejects.toThrow("unable to set memory limit");
    // A new container has it from its start.
    await project.stack.setConfig("dating:nsfwThreshold", { value: "0.8" });
    await expect(project.up()).rejects.toThrow(/bot\S* (did not become healthy|was restarted|has stopped)/);
    expect(await request(`${url}/health`)).toEqual(healthy);
    expect((await inspect(before))[0]!.State.Status).toBe("running");
    await project.stack.removeConfig("dating:memory.bot", true);
    await project.up();
    await requestUntilHealthy(url);
  });

  test("no way to the registry fails a deploy before anything is touched, and restarts need none", async () => {
    const before = (await services(project.prefix)).bot!;
    const away = `127.0.0.1:1/dating/bot:1@sha256:${"a".repeat(64)}`;
    await project.configurePath("images.bot", away);
    await expect(project.up()).rejects.toThrow(/127\.0\.0\.1:1/);
    await docker("restart", before.Id);
    await requestUntilHealthy(url);
    expect((await services(project.prefix)).bot!.Id).toBe(before.Id);
  });
});
