import { createServer, type Server } from "node:net";

import { application } from "../support/application";
import type { Project } from "../support/project";

jest.setTimeout(300_000);

let project: Project;
let port: number;
let neighbour: Server;

beforeAll(async () => {
  let url: string;
  ({ project, url } = await application());
  port = Number(new URL(url).port);
  // A process of the host that has nothing to do with Docker.
  neighbour = createServer();
  await new Promise<void>((listening) => neighbour.listen(port, "127.0.0.1", listening));
});
afterAll(() => {
  neighbour?.close();
  project?.discard();
});

describe("a Docker host before a first deploy", () => {
  test("is asked by a preview over one connection, and for nothing else", async () => {
    const { text, steps } = await project.preview();
    expect(steps).not.toEqual([]);
    expect(text).toContain(`a process of the host listens on port ${port} (dating:httpPort)`);
    expect(project.dockerCalls()).toEqual(["system dial-stdio"]);
  });

  test("is shown by the doctor, from a container too, which needs no state", () => {
    const { status, stdout } = project.attempt("./dating", ["doctor", project.stackName]);
    expect(stdout).toMatch(/^ {2}engine {5}Docker Engine \d+\.\d+/m);
    expect(stdout).toMatch(/^ {2}disk {7}\d+\.\d GiB free of/m);
    expect(stdout).toMatch(/^ {2}socket {5}\/var\/run\/docker\.sock$/m);
    expect(stdout).toContain(`a process of the host listens on port ${port}`);
    expect(status).toBe(0);
  });

  test("whose socket is elsewhere is refused by the doctor, and no folder is made in its place", async () => {
    await project.stack.setConfig("dating:dockerSocket", { value: "/run/no-engine.sock" });
    const { status, stdout } = project.attempt("./dating", ["doctor", project.stackName]);
    expect(stdout).toContain("REFUSED: there is no socket at /run/no-engine.sock on the host");
    expect(status).toBe(1);
    await project.stack.removeConfig("dating:dockerSocket");
  });

  test("that does not answer lets a preview go on, and a deploy not", async () => {
    const address = "unix:///nowhere/docker.sock";
    await project.stack.setConfig("dating:dockerHost", { value: address });
    const { text, steps } = await project.preview();
    expect(steps).not.toEqual([]);
    expect(text).toContain(`${address} does not answer; this preview compares with the state alone`);
    await expect(project.up()).rejects.toThrow(`${address} does not answer; nothing was changed.`);
    const { status, stderr } = project.attempt("./dating", ["doctor", project.stackName]);
    expect(stderr).toContain(`This has to work first: DOCKER_HOST=${address} docker version`);
    expect(status).toBe(1);
  });
});
