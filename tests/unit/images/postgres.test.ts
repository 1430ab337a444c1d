import type { Docker } from "../../../images/in-volume";
import { requireFittingPostgres, type PostgresPlan } from "../../../images/postgres";

const data: PostgresPlan = {
  ...{ stack: "dev", volume: "dating-dev_postgres_data", settings: {}, extensions: [] },
  ...{ image: "dating-mini-app/postgres:17", mustAnswer: true },
};
const running = (image: string) => ({ running: { id: "abc", image } });
type Answer = [status: number, stdout?: string, stderr?: string];
const away: Answer = [1, "", "Cannot connect to the Docker daemon"];

/** A Docker CLI that gives these answers, in order, and says what it was asked. */
function answering(...answers: Answer[]) {
  const asked: string[] = [];
  const docker: Docker = (...args) => {
    asked.push(args.slice(0, 2).join(" "));
    const [status, stdout = "", stderr = ""] = answers[asked.length - 1]!;
    return { status, stdout, stderr };
  };
  return { docker, asked };
}

/** What the look at an image prints. */
const look = (server: string, of: { data?: string; order?: string; wrong?: string[] } = {}): Answer => [
  0,
  [
    `postgres (PostgreSQL) ${server} (Debian)`,
    `order ${of.order ?? "glibc 2.41"}`,
    ...(of.data ? [`data ${of.data}`] : []),
    ...(of.wrong ?? []).map((what) => `wrong ${what}`),
  ].join("\n"),
];

test("the image that runs already is asked for nothing", () => {
  const { docker, asked } = answering();
  requireFittingPostgres({ ...data, ...running(data.image) }, docker);
  expect(asked).toEqual([]);
});

test("the preview of a first deploy asks for nothing, and the deploy does", () => {
  const first = { ...data, volume: undefined };
  const preview = answering();
  requireFittingPostgres({ ...first, mustAnswer: false }, preview.docker);
  expect(preview.asked).toEqual([]);
  const deploy = answering(look("17.6"));
  requireFittingPostgres(first, deploy.docker);
  expect(deploy.asked).toEqual(["run --rm"]);
});

test.each<[string, Partial<PostgresPlan>, Answer[], string[]]>([
  ["a first deploy", { volume: undefined }, [look("17.6")], ["run --rm"]],
  ["an empty volume", {}, [look("17.6")], ["run --rm"]],
  ["data of the image's own version", {}, [look("17.6", { data: "17" })], ["run --rm"]],
  [
    "an image whose library is the one that runs",
    running("postgres:17.5"),
    [look("17.6", { data: "17" }), [0, "order glibc 2.41\n"]],
    ["run --rm", "exec abc"],
  ],
  [
    "a setting that the server knows, of the container that runs",
    { ...running(data.image), settings: { max_connections: "200" } },
    [look("17.6")],
    ["exec abc"],
  ],
])("%s is let through", (_, plan, answers, calls) => {
  const { docker, asked } = answering(...answers);
  expect(() => requireFittingPostgres({ ...data, ...plan }, docker)).not.toThrow();
  expect(asked).toEqual(calls);
});

test("data of another major version are refused, with how to stay with it", () => {
  const before = answering(look("17.6", { data: "15" }));
  expect(() => requireFittingPostgres({ ...data, ...running("postgres:15") }, before.docker)).toThrow(
    /holds data of Postgres 15.*nothing was changed\.\nStay with Postgres 15: pulumi config set --stack dev dating:postgresVersion 15\n/,
  );
  const gone = answering(look("17.6", { data: "14" }));
  expect(() => requireFittingPostgres(data, gone.docker)).toThrow("name an image of Postgres 14");
});

test("a version that no stack can have is refused", () => {
  const { docker } = answering(look("13.2"));
  expect(() => requireFittingPostgres({ ...data, volume: undefined }, docker)).toThrow(
    /Postgres 13, of which no backups could be made; nothing was changed/,
  );
});

test.each([
  ["glibc 2.36", "glibc 2.41"],
  ["glibc 2.41", "musl"],
])(
  "an image whose library orders texts by %s, after %s, is refused with the command that does it",
  (wanted, present) => {
    const { docker } = answering(look("17.6", { data: "17", order: wanted }), [0, `order ${present}\n`]);
    expect(() => requireFittingPostgres({ ...data, ...running("postgres:17.5") }, docker)).toThrow(
      new RegExp(
        `it has ${wanted}, and ${present} built them.*nothing was changed\\.\n.*./dating reindex dev`,
      ),
    );
  },
);

test("data that lie in a folder of the volume are refused, with the command that moves them", () => {
  const [status, stdout] = look("18.4");
  const { docker } = answering([status, `${stdout}\nelsewhere /data/18/docker`]);
  expect(() => requireFittingPostgres({ ...data, image: "postgres:18" }, docker)).toThrow(
    /in the folder 18\/docker[^]*nothing was changed\.[^]*docker run --rm --volume dating-dev_postgres_data:\/data --entrypoint sh postgres:18 -c 'mv \/data\/18\/docker\/\* \/data\/ && rm -r \/data\/18'/,
  );
});

test("all that the image says is wrong is told at once, with the command that mends it", () => {
  const { docker } = answering(look("17.6", { wrong: ["one: mend it", "two: mend it, too"] }));
  expect(() => requireFittingPostgres(data, docker)).toThrow(
    "dating-mini-app/postgres:17 cannot run as configured; nothing was changed.\n  one: mend it\n  two: mend it, too",
  );
});

test.each<[string, Answer[]]>([
  ["the engine is away", [away]],
  ["the image is not here", [[125, "", "Unable to find image"]]],
  ["the server that runs gives no answer", [look("17.6", { data: "17" }), away]],
])("a preview says nothing where %s, and a deploy stops", (_, answers) => {
  const ask = (mustAnswer: boolean) => () =>
    requireFittingPostgres(
      { ...data, ...running("postgres:17.5"), mustAnswer },
      answering(...answers).docker,
    );
  expect(ask(false)).not.toThrow();
  expect(ask(true)).toThrow(/It could not be asked .*; nothing was changed/);
});
