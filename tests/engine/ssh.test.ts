import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { application, sql } from "./support/application";
import { docker, services } from "./support/docker";
import { requestUntil } from "./support/http";
import type { Project } from "./support/project";
import { describeWithSsh, SshHost } from "./support/ssh";

jest.setTimeout(600_000);

describeWithSsh("a Docker host that is reached over SSH", () => {
  let project: Project;
  let url: string;
  let host: SshHost;

  beforeAll(async () => {
    ({ project, url } = await application());
    host = SshHost.start(project);
    await project.configurePath("dockerHost", host.address);
    await project.up();
  });
  afterAll(() => project?.discard());

  test("gets the whole stack, and is reached in no other way", async () => {
    expect((await requestUntil(`${url}/health`, 200)).status).toBe(200);
    for (const { State } of Object.values(await services(project.prefix))) {
      expect(State.Health?.Status).toBe("healthy");
    }
    expect(host.logins()).toBeGreaterThan(0);
  });

  test("gets the files that a container needs", async () => {
    const secret = ["stat", "-c", "%a %s", "/run/secrets/postgres_password"];
    expect(await docker("exec", `${project.prefix}-postgres`, ...secret)).toMatch(/^444 32$/);
  });

  test("has nothing done to it by an unchanged deploy", async () => {
    expect((await project.up()).steps).toEqual([]);
  });

  test("runs a new migration, whose file only this machine has", async () => {
    const file = join(project.directory, "migrations/versions/004_over_ssh.py");
    writeFileSync(
      file,
      [
        "from alembic import op",
        "import sqlalchemy as sa",
        'revision = "004_over_ssh"',
        'down_revision = "003_add_user_settings"',
        'def upgrade(): op.create_table("over_ssh", sa.Column("id", sa.Integer, primary_key=True))',
        'def downgrade(): op.drop_table("over_ssh")',
        "",
      ].join("\n"),
    );
    await project.up();
    expect(await sql(project, "select count(*) from over_ssh")).toBe("0");
    expect(project.run("ops/alembic", [project.stackName, "current"])).toContain("004_over_ssh");
    project.run("ops/alembic", [project.stackName, "downgrade", "-1"]);
    rmSync(file);
  });

  test("is looked at, backed up and checked for drift by the commands of this machine", () => {
    expect(project.run("ops/status", [project.stackName])).toContain(" on ssh://dating-host:\n  backup ");
    expect(project.run("ops/backup", ["create", project.stackName])).toContain("database");
    expect(project.attempt("ops/drift", [project.stackName]).status).toBe(0);
  });

  test("that does not answer is told before anything is touched, with what to try", async () => {
    host.stop();
    const failure = await project.up().then(
      () => "deployed",
      (error: Error) => error.message,
    );
    expect(failure).toContain("The Docker Engine at ssh://dating-host does not answer; nothing was changed.");
    expect(failure).toContain("DOCKER_HOST=ssh://dating-host docker version");
    expect((await requestUntil(`${url}/health`, 200)).status).toBe(200);
  });
});
