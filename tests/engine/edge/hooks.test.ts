import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { Project } from "../support/project";

jest.setTimeout(120_000);

let project: Project;

beforeAll(async () => {
  project = await Project.create("hooks");
  writeFileSync(
    join(project.directory, "hooks/talkative.sh"),
    'read -r password\necho "it is $password" >&2\necho "known as $AUTH"\nexit "$STATUS"\n',
  );
});
afterAll(() => project?.discard());

interface State {
  deployment: { resources: { urn: string; outputs?: Record<string, unknown> }[] };
}
const outputs = (name: string, ...options: string[]) => {
  const state = project.run("pulumi", ["stack", "export", "--stack", project.stackName, ...options]);
  return (JSON.parse(state) as State).deployment.resources.find(({ urn }) => urn.endsWith(`::${name}`))!
    .outputs!;
};

test("a secret that a hook prints is neither shown nor kept, and what it printed is a secret itself", async () => {
  const { text } = await project.up();
  const { plaintext } = outputs("password", "--show-secrets").result as { plaintext: string };
  const password = JSON.parse(plaintext) as string;
  expect(password).toHaveLength(32);
  expect(text).toContain("it is [secret]");
  expect(text).toContain("known as [secret]");
  expect(text).not.toContain(password);

  expect(outputs("closed")).toMatchObject({
    stdout: { ciphertext: expect.any(String) },
    stderr: { ciphertext: expect.any(String) },
  });
  expect(outputs("open")).toMatchObject({ stdout: "known as [secret]", stderr: "it is [secret]" });

  await project.configurePath("status", "3");
  const failure = await project.up().then(
    () => "",
    (error: unknown) => String(error),
  );
  expect(failure).toContain("exit status 3");
  expect(failure).toContain("it is [secret]");
  expect(failure).not.toContain(password);
});
