import { requireIpv6 } from "../../../host/ipv6";
import type { Docker } from "../../../images/in-volume";

/** A Docker CLI that gives one answer, and counts how often it was asked. */
function answering(status: number, stderr = "") {
  const asked: string[][] = [];
  const docker: Docker = (...args) => {
    asked.push(args);
    return { status, stdout: "", stderr };
  };
  return { docker, asked };
}

const look = (known: boolean | undefined, docker: Docker) => () =>
  requireIpv6(known, "postgres:17", undefined, docker);

test("a host that is known to have it is not asked", () => {
  const { docker, asked } = answering(1);
  expect(look(true, docker)).not.toThrow();
  expect(asked).toEqual([]);
});

test("another is asked by a container, and let through where it has it", () => {
  const { docker, asked } = answering(0);
  expect(look(undefined, docker)).not.toThrow();
  expect(asked[0]).toEqual(expect.arrayContaining(["--network", "host", "postgres:17"]));
});

test("one without is refused, with the way to go on", () => {
  expect(look(undefined, answering(1).docker)).toThrow(
    /kernel of the Docker host has no IPv6.*nothing was changed\.\n.*dating:ipv6 false/,
  );
});

test("no answer is not taken for one without", () => {
  expect(look(undefined, answering(125, "docker: connection reset").docker)).toThrow(
    /could not be asked: docker: connection reset; nothing was changed/,
  );
});
