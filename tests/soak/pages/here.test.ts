import { linesToType } from "../../support/typed";
import { describeWithMachine } from "../../engine/support/machines/machine";
import { Person } from "../../engine/support/machines/server";

jest.setTimeout(1_800_000);

describeWithMachine("what the pages say of a machine where nobody has chosen anything is typed", () => {
  let person: Person;

  beforeAll(async () => {
    // The dev stack has monitoring.
    person = await Person.start([], { monitoring: true });
  });
  afterAll(() => person?.stop());

  test("docs/hosts.md", async () => {
    for (const line of linesToType("docs/hosts.md")) await person.type(line);
  });

  test("offline/README.md", async () => {
    for (const line of linesToType("offline/README.md")) await person.type(line);
  });

  test("README.md: the dev stack, here", async () => {
    for (const line of linesToType("README.md", "Here, in two commands")) await person.type(line);
    const health = person.machine.run("curl", "--silent", "--fail", "http://localhost:8080/health");
    expect(health).toContain("healthy");
  });

  test("docs/monitoring.md, of that stack", async () => {
    for (const line of linesToType("docs/monitoring.md"))
      expect(await person.type(line.replace("STACK", "dev"))).toMatch(/"password": *"[^"]{16,}"/);
  });
});
