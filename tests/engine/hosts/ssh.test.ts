import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { application, sql } from "../support/application";
import { containerOf, docker, services } from "../support/docker";
import { requestUntil, requestUntilHealthy } from "../support/http";
import type { Project } from "../support/project";
import { inSoak, soakTest } from "../support/soak";
import { describeWithSsh, SshHost } from "../support/machines/ssh";

jest.setTimeout(600_000);

describeWithSsh("a Docker host that is reached over SSH", () => {
  let project: Project;
  let url: string;
  let host: SshHost;

  beforeAll(async () => {
    ({ project, url } = await application());
    host = await SshHost.start(project);
    await project.configurePath("dockerHost", host.address);
    // The most that a stack can have: each service is made, asked for its health, and the sizes of all are looked at.
    if (inSoak) await project.configurePath("monitoring", "true");
    await project.up();
  });
  afterAll(() => project?.discard());

  const migration = () => join(project.directory, "migrations/versions/004_over_ssh.py");
  const addMigration = () => {
    writeFileSync(
      migration(),
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
  };

  /** A refresh asks Grafana before the program runs, which would open the tunnel. */
  async function throughTunnel(part: () => Promise<void>): Promise<void> {
    if (!inSoak) return part();
    const tunnel = spawn("./dating", ["grafana", project.stackName], {
      cwd: project.directory,
      env: { ...process.env, ...project.environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(tunnel.stdout, "data");
      await part();
    } finally {
      tunnel.kill();
    }
  }

  test("gets the whole stack, and is reached in no other way", async () => {
    await requestUntilHealthy(url);
    for (const { State } of Object.values(await services(project.prefix))) {
      expect(State.Health?.Status).toBe("healthy");
    }
    expect(host.logins()).toBeGreaterThan(0);
  });

  test("is logged into a few times: sshd allows ten sessions on one connection, and few logins at once", async () => {
    // Without a configuration that shares connections, the first deploy of 14 services has some 17 at once.
    expect(host.mostSessions()).toBeGreaterThan(1);
    await throughTunnel(async () => {
      await project.preview({ refresh: true });
      await project.configurePath("nsfwThreshold", "0.8");
      addMigration();
      await project.up({ refresh: true });
    });
    // The client logs in anew where a busy sshd, which sees the end of a session late, refuses one. Three operations of
    // five connections at most, the tunnel's, and one for each session that was refused.
    expect(host.refusedLogins()).toEqual([]);
    expect(host.logins()).toBeLessThanOrEqual(16 + host.refusedSessions().length);
    expect(host.refusedSessions().length).toBeLessThan(host.sessions() / 10);
  });

  test("gets the files that a container needs", async () => {
    const secret = ["stat", "-c", "%a %s", "/run/secrets/postgres_password"];
    expect(await docker("exec", containerOf(project.prefix, "postgres"), ...secret)).toMatch(/^444 32$/);
  });

  test("has nothing done to it by an unchanged deploy", async () => {
    expect((await project.up()).steps).toEqual([]);
  });

  soakTest("has its Grafana reached through a tunnel, which ends with the command", async () => {
    const { url: grafana } = (await project.stack.outputs()).grafana!.value as { url: string };
    // The port that it has on the host's loopback would be reached without one: here, both are one machine.
    const published = await docker("port", containerOf(project.prefix, "grafana"), "3000/tcp");
    expect(new URL(grafana).port).not.toBe(published.split(":").at(-1));
    const gone = () => requestUntil(`${grafana}/api/health`, ({ body }) => body.includes("fetch failed"));
    await gone();
    // What is deleted is deleted after the program has ended.
    rmSync(join(project.directory, "monitoring/grafana/dashboards/Dating Mini App/deployments.json"));
    expect((await project.up()).steps).toEqual([
      "delete grafana:oss/dashboard:Dashboard dashboard-deployments",
    ]);
    const asked = ["curl", "--silent", "--user", "nobody:right", `${grafana}/api/dashboards/uid/deployments`];
    const said = project.run("./dating", ["grafana", project.stackName, "--", ...asked]);
    expect(said).toContain("Invalid username or password");
    expect(project.attempt("./dating", ["drift", project.stackName]).status).toBe(0);
    await gone();
  });

  test("ran a new migration, whose file only this machine has", async () => {
    expect(await sql(project, "select count(*) from over_ssh")).toBe("0");
    expect(project.run("./dating", ["alembic", project.stackName, "current"])).toContain("004_over_ssh");
    project.run("./dating", ["alembic", project.stackName, "downgrade", "-1"]);
    rmSync(migration());
  });

  test("is looked at, backed up and checked for drift by the commands of this machine", () => {
    expect(project.run("./dating", ["status", project.stackName])).toMatch(
      / on ssh:\/\/dating-host:\n(.*\n)*  backup /,
    );
    expect(project.run("./dating", ["backup", "create", project.stackName])).toContain("database");
    expect(project.run("./dating", ["doctor", project.stackName])).toContain("ssh://dating-host");
    expect(project.attempt("./dating", ["drift", project.stackName]).status).toBe(0);
  });

  test("that does not answer is told before anything is touched, with what to try", async () => {
    host.stop();
    const failure = await project.up().then(
      () => "deployed",
      (error: Error) => error.message,
    );
    expect(failure).toContain("The Docker Engine at ssh://dating-host does not answer; nothing was changed.");
    expect(failure).toContain("DOCKER_HOST=ssh://dating-host docker version");
    await requestUntilHealthy(url);
  });
});
