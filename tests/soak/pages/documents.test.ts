import { certificateFor } from "../../support/certificate";
import { linesToType } from "../../support/typed";
import { describeWithMachine } from "../../engine/support/machines/machine";
import { given, named, Person, type Answers } from "../../engine/support/machines/server";
import { botToken } from "../../engine/support/application";

jest.setTimeout(1_800_000);

/** What a name in a line stands for, as a person reads it. */
const meant: readonly [RegExp, string][] = [
  [/\bs3:\/\/BUCKET\/PREFIX\b/, "s3://example-backups/dating"],
  [/\bPLACE\b/, "s3://example-backups/whole"],
  [/ \[ARCHIVE\]/, ""],
  [/\bOTHER\b/, "staging"],
  [/\bSTACK\b/, "prod"],
];
const asMeant = (line: string) => meant.reduce((text, [name, value]) => text.replace(name, value), line);

const answers: Answers = [
  ["pulumi config set --stack prod --secret dating:botToken", [given(botToken)]],
  [
    "pulumi config set --stack prod --secret --path dating:botSecrets.SENTRY_DSN",
    [given("https://a@b.example.com/1")],
  ],
  ["./dating secrets set staging <staging.env", []],
  ["./dating secrets set staging botSecrets.S3_KEY", [given("a-key")]],
  ["./dating secrets set staging", [given(botToken)]],
  ["./dating rollback prod --list", []],
  ["./dating rollback prod", [named("prod")]],
  ["./dating backup restore prod --finish", [named("prod")]],
  ["./dating backup restore prod", [named("prod")]],
  ["./dating backup restore staging", [named("staging")]],
  ["./dating backup undo prod", [named("prod")]],
];

describeWithMachine("what the pages say is typed", () => {
  let person: Person;

  /** All of a page's lines, in their order. */
  const typeAll = async (document: string, under?: string) => {
    for (const line of linesToType(document, under)) await person.type(asMeant(line));
  };
  const forget = () => person.machine.run("git", "checkout", "--quiet", "--", "Pulumi.prod.yaml");

  beforeAll(async () => {
    person = await Person.start(answers);
    for (const line of linesToType("README.md", "First server")) await person.type(line);
    await person.deployStaging();
  });
  afterAll(() => person?.stop());

  test("docs/deploys.md, with a release to go back from", async () => {
    for (const line of ["pulumi config set --stack prod dating:nsfwThreshold 0.9", "./dating up prod"])
      await person.type(line);
    await typeAll("docs/deploys.md");
  });

  test("docs/backups.md, with an archive of the service's own", async () => {
    for (const line of [
      "pulumi config set --stack prod dating:backupSchedule '* * * * *'",
      "./dating up prod",
      "until ./dating backup list prod | grep 'stack prod'; do sleep 3; done",
    ])
      await person.type(line);
    await typeAll("docs/backups.md");
  });

  test("docs/database.md", async () => {
    await typeAll("docs/database.md");
    await person.type("./dating preview prod");
    forget();
  });

  test("docs/edge.md: an authority of one's own, a certificate of one's own, further names", async () => {
    const { certificate, key } = certificateFor([
      ...["dating.example.com", "www.dating.example.com", "app.example.com"],
    ]);
    person.machine.write("checkout/ca.pem", certificate);
    person.machine.write("checkout/certificate.pem", certificate);
    person.machine.write("checkout/key.pem", key);
    await typeAll("docs/edge.md");
    // What was set is accepted.
    await person.type("pulumi config rm --stack prod dating:acmeCaCertificate");
    await person.type("pulumi config rm --stack prod dating:acmeServer");
    await person.type("./dating preview prod");
    forget();
  });

  test("docs/reference/configuration.md", async () => {
    await typeAll("docs/reference/configuration.md");
    forget();
  });

  test("docs/own-services.md", () => typeAll("docs/own-services.md"));

  test("docs/state-and-secrets.md", async () => {
    person.machine.write("checkout/staging.env", `BOT_TOKEN=${botToken}\n`);
    await typeAll("docs/state-and-secrets.md", "Secrets that people give");
    // The page's bucket is where the README has the state.
    await person.type("./dating state move prod --to 's3://team-state?region=eu-central-1'");
    await person.type("export PULUMI_BACKEND_URL='s3://team-state?region=eu-central-1'");
    await person.type(
      "PULUMI_BACKEND_URL='s3://example-state' pulumi stack rm --force --yes --preserve-config prod",
    );
    await typeAll("docs/state-and-secrets.md", "Moving a stack to another backend");
  });
});
