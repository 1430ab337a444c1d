import { linesToType } from "../../support/typed";
import { describeWithMachine } from "../../engine/support/machines/machine";
import { named, Person } from "../../engine/support/machines/server";
import { keys } from "../../engine/support/machines/terminal";

jest.setTimeout(900_000);

describeWithMachine("the README", () => {
  let person: Person;

  beforeAll(async () => {
    person = await Person.start([
      ["./dating logs prod bot --follow", [[/\n/, keys.interrupt]]],
      ["./dating status prod --watch", [[/^ {2}bot +healthy/m, keys.interrupt]]],
      ["./dating rollback prod", [named("prod")]],
      ["./dating backup restore prod", [named("prod")]],
    ]);
  });
  afterAll(() => person?.stop());

  const run = (...command: string[]) => person.machine.run(...command);
  const health = () => run("curl", "--silent", "--fail", "--insecure", "https://dating.example.com/health");
  const inside = (service: string, ...command: string[]) => {
    const { host } = person.machine;
    const labels = ["stack=dating-prod", `service=${service}`];
    const filters = labels.flatMap((label) => ["--filter", `label=dating.${label}`]);
    return host.docker(["exec", host.docker(["ps", "--quiet", ...filters]).trim(), ...command]).trim();
  };
  const sql = (statement: string) => {
    const psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--username", "postgres", "dating"];
    return inside("postgres", ...psql, "--command", statement);
  };

  describe("makes a first server from nothing", () => {
    test.each(linesToType("README.md", "First server"))("%s", async (line) => {
      const text = await person.type(line);
      if (line !== "./dating up prod") return;
      // In a terminal, people see what each service does.
      expect(text).toMatch(/^ {2}bot +starting$/m);
      expect(text).toMatch(/^ {2}bot +healthy$/m);
      expect(text).toContain("https://dating.example.com/");
      expect(health()).toContain("healthy");
      // Nothing that the deploy has asked over SSH is left, where each session counts.
      expect(run("sh", "-c", "pgrep --full --list-full '[d]ocker exec' || true")).toBe("");
    });
  });

  describe("tells what to do every day", () => {
    const threshold = () => inside("bot", "sh", "-c", "echo $NSFW_THRESHOLD");
    const shows: Record<string, () => void> = {
      promote: () => expect(threshold()).toBe("0.8"),
      rollback: () => expect(threshold()).toBe("0.7"),
      "backup create": () => sql("insert into users (tg_id) values (1)"),
      "backup restore": () => expect(sql("select count(*) from users")).toBe("0"),
    };

    test.each(linesToType("README.md", "Every day"))("%s", async (line) => {
      if (line.startsWith("./dating promote")) await person.deployStaging();
      await person.type(line);
      for (const [command, look] of Object.entries(shows))
        if (line.startsWith(`./dating ${command} `)) look();
    });

    test("and one page tells all of it", async () => {
      await person.type("./dating status prod --html prod.html");
      const page = person.machine.read("checkout/prod.html");
      for (const told of [
        "Everything is served.",
        "It is as it was deployed.",
        "dating.example.com until 20",
      ])
        expect(page).toContain(told);
      await person.type("./dating status prod --watch");
    });

    test("and people are served at the end of it", () => expect(health()).toContain("healthy"));
  });
});
