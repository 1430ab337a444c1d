import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { application, rowCounts, sql } from "../../engine/support/application";
import { docker, services } from "../../engine/support/docker";
import { request, requestUntilHealthy } from "../../engine/support/http";
import type { Project } from "../../engine/support/project";

jest.setTimeout(600_000);

describe.each(["16", "18"])("a new stack with Postgres %s", (version) => {
  let project: Project;
  let url: string;

  beforeAll(async () => {
    ({ project, url } = await application());
    await project.stack.setConfig("dating:postgresVersion", { value: version });
    await project.up();
    await requestUntilHealthy(url);
    const like = { user_id: 1, target_id: 2, interaction_type: "like" };
    expect((await request(`${url}/api/interactions`, like)).status).toBe(201);
  });
  afterAll(() => project?.discard());

  test("has that server, with checksums, and nothing is left to do", async () => {
    expect(await sql(project, "SHOW server_version")).toMatch(new RegExp(`^${version}\\.`));
    expect(await sql(project, "SHOW data_checksums")).toBe("on");
    expect((await project.up({ refresh: true })).steps).toEqual([]);
  });

  test("is dumped before its schema changes", async () => {
    const revision = [
      "from alembic import op",
      "import sqlalchemy as sa",
      'revision = "004_more"',
      'down_revision = "003_add_user_settings"',
      'def upgrade(): op.create_table("more", sa.Column("id", sa.Integer, primary_key=True))',
      'def downgrade(): op.drop_table("more")',
      "",
    ];
    writeFileSync(join(project.directory, "migrations/versions/004_more.py"), revision.join("\n"));
    expect((await project.up()).text).toMatch(/dumped \d+ tables to \/backups\/pre-migration/);
    expect(await sql(project, "SELECT count(*) FROM more")).toBe("0");
  });

  test("makes backups that can be restored, with every row", async () => {
    const before = await rowCounts(project);
    for (const command of ["create", "verify"]) {
      const from = command === "verify" ? ["--from", project.backups] : [];
      const { status, stderr } = project.attempt("./dating", ["backup", command, project.stackName, ...from]);
      expect({ command, status, stderr: status === 0 ? "" : stderr }).toEqual({
        command,
        status: 0,
        stderr: "",
      });
    }
    await sql(project, "DELETE FROM interactions");
    project.run("./dating", ["backup", "restore", project.stackName, "--from", project.backups, "--yes"]);
    expect(await rowCounts(project)).toEqual(before);
    await requestUntilHealthy(url);
  });

  test("keeps its data in its own volume alone, and leaves no other behind", async () => {
    const volumes = async () =>
      (await services(project.prefix)).postgres!.Mounts.flatMap(({ Type, Name: name }) =>
        Type === "volume" && name ? [name] : [],
      );
    const before = await volumes();
    const rows = await rowCounts(project);
    await project.configurePath("memory.postgres", "600 MiB");
    await project.up();
    await requestUntilHealthy(url);
    const after = await volumes();
    expect(after).toContain(`${project.prefix}_postgres_data`);
    expect(await rowCounts(project)).toEqual(rows);
    const left = before.filter((name) => !after.includes(name));
    const all = (await docker("volume", "ls", "--quiet")).split("\n");
    expect(left.filter((name) => all.includes(name))).toEqual([]);
  });
});
