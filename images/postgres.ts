import { RunError } from "@pulumi/pulumi/errors";

import { postgresVersions } from "../config/keys";
import type { PostgresSettings } from "../config/postgres-settings";
import { projectName } from "../config/project";
import { quoted } from "../config/shell";
import { dockerCli, inVolume, withoutVolume, type Docker } from "./in-volume";

/** The Postgres that a deploy wants, and what is there. */
export interface PostgresPlan {
  stack: string;
  /** The container that runs the stack's Postgres, and its image, if one does. */
  running?: { id: string; image: string };
  /** The volume with the data; undefined where it is not there, or a preview could not ask. */
  volume?: string;
  /** The image that is to run on the data. */
  image: string;
  settings: PostgresSettings;
  extensions: readonly string[];
  /** The Docker Engine's address. Default: the CLI's own. */
  dockerHost?: string;
  /** Whether the image has to answer: a preview may be made before it is there, a deploy may not. */
  mustAnswer: boolean;
}

/** What orders texts where a database asks the C library: glibc by its version, as in `glibc 2.41`, and Alpine's has none. */
const library = "getconf GNU_LIBC_VERSION 2>/dev/null || echo musl";

/**
 * Refuses a Postgres that would not start, or would hurt the data, before the running one is stopped:
 *
 * - an image of a major version that cannot read the data, or that no stack can have;
 * - one that would not find the data in the volume, or not put them there;
 * - one whose C library may order texts otherwise than the indexes are ordered;
 * - settings that the image's server does not know or accept, and extensions and libraries that the image does not have.
 *
 * Costs nothing where the image runs already and there are no settings and extensions. A preview may come before the image,
 * and then says nothing.
 *
 * @throws RunError that says what is wrong and the command that does it right, or that the engine has to be asked
 */
export function requireFittingPostgres(plan: PostgresPlan, docker = dockerCli(plan.dockerHost)): void {
  const { image, running, volume, settings, extensions, mustAnswer } = plan;
  const same = running?.image === image;
  const plain = Object.keys(settings).length === 0 && extensions.length === 0;
  // The preview of a first deploy is one question; the deploy itself asks, and there is nothing yet that could be hurt.
  if (plain && (same || (volume === undefined && !running && !mustAnswer))) return;
  const script = lookFor(plan);
  const answer = same
    ? docker("exec", running.id, "sh", "-c", script)
    : docker(
        ...(volume === undefined ? withoutVolume(image, script) : inVolume(image, volume, "/data", script)),
      );
  const server = /^postgres \(PostgreSQL\) (\d+)/m.exec(answer.stdout)?.[1];
  if (!server) return unanswered(plan, `which Postgres ${image} is`, answer);
  const found = /^data (\d+)$/m.exec(answer.stdout)?.[1];
  if (found && found !== server) throw unreadable(plan, server, found);
  if (!(postgresVersions as readonly string[]).includes(server)) throw unknown(plan, server);
  const folder = /^elsewhere (.+)$/m.exec(answer.stdout)?.[1];
  if (folder && !found) throw misplaced(plan, folder);
  if (running && !same) requireSameOrder(plan, running.id, orderOf(answer.stdout), docker);
  const wrong = [...answer.stdout.matchAll(/^wrong (.*)$/gm)].map(([, what]) => `  ${what!}`);
  if (wrong.length > 0)
    throw new RunError([`${image} cannot run as configured; nothing was changed.`, ...wrong].join("\n"));
}

function lookFor({ settings, extensions, stack }: PostgresPlan): string {
  // One is Debian's, the other that of the official image for Alpine.
  const either = (...places: string[]) => `ls ${places.join(" ")} 2>/dev/null | grep -q .`;
  const missing = (what: string, test: string, command: string) =>
    `${test} || echo ${quoted(`wrong ${what}: ${command}`)}`;
  const preloaded = (settings.shared_preload_libraries ?? "").split(",").map((name) => name.trim());
  return [
    "postgres --version",
    `echo "order $(${library})"`,
    'test ! -e /data/PG_VERSION || echo "data $(cat /data/PG_VERSION)"',
    // The official image from 18 on, where nobody names its folder.
    'for version in /data/*/docker/PG_VERSION; do test ! -e "$version" || echo "elsewhere ${version%/PG_VERSION}"; done',
    missing(
      "it has no docker-entrypoint.sh as the official image has, and would not keep its data in the volume",
      "command -v docker-entrypoint.sh >/dev/null",
      `pulumi config rm --stack ${stack} --path '${projectName}:images.postgres'`,
    ),
    ...extensions.map((name, index) =>
      missing(
        `${projectName}:databaseExtensions names ${name}, which it does not have`,
        either(
          `/usr/share/postgresql/*/extension/${name}.control`,
          `/usr/local/share/postgresql/extension/${name}.control`,
        ),
        `pulumi config rm --stack ${stack} --path '${projectName}:databaseExtensions[${index}]'`,
      ),
    ),
    ...preloaded
      .filter((name) => /^[A-Za-z0-9_-]+$/.test(name))
      .map((name) =>
        missing(
          `${projectName}:postgresSettings.shared_preload_libraries names ${name}, which it does not have`,
          either(`/usr/lib/postgresql/*/lib/${name}.so`, `/usr/local/lib/postgresql/${name}.so`),
          `pulumi config rm --stack ${stack} --path '${projectName}:postgresSettings.shared_preload_libraries'`,
        ),
      ),
    ...Object.entries(settings).map(([name, value]) => trial(stack, name, value)),
    "true",
  ].join("\n");
}

/** The server itself says what is wrong with a setting, before it looks for any data. */
function trial(stack: string, name: string, value: string): string {
  const options = ["config_file=/dev/null", "data_directory=/tmp", `${name}=${value}`];
  const run = `postgres -C port ${options.map((each) => `-c ${quoted(each)}`).join(" ")} 2>&1 >/dev/null`;
  const remove = quoted(`pulumi config rm --stack ${stack} --path '${projectName}:postgresSettings.${name}'`);
  return `said=$(${run}) || echo "wrong ${projectName}:postgresSettings.${name}: $(echo "$said" | sed 's/^.* \\(FATAL\\|ERROR\\|LOG\\|DETAIL\\|HINT\\): *//' | paste -sd ' ' -)": ${remove}`;
}

function orderOf(text: string): string | undefined {
  return /^order (.+)$/m.exec(text)?.[1];
}

function requireSameOrder(
  plan: PostgresPlan,
  running: string,
  wanted: string | undefined,
  docker: Docker,
): void {
  const answer = docker("exec", running, "sh", "-c", `echo "order $(${library})"`);
  const present = orderOf(answer.stdout);
  if (!present) return unanswered(plan, "how the Postgres that runs orders texts", answer);
  if (present === wanted) return;
  throw new RunError(
    `${plan.image} may order texts otherwise than the indexes are ordered: it has ${wanted}, and ${present} built them. ` +
      "With it, rows would not be found, and unique ones appear twice; nothing was changed.\n" +
      `Build the indexes anew and deploy it: ./dating reindex ${plan.stack}`,
  );
}

function unreadable({ stack, volume, image }: PostgresPlan, server: string, found: string): RunError {
  const stay = (postgresVersions as readonly string[]).includes(found)
    ? `pulumi config set --stack ${stack} ${projectName}:postgresVersion ${found}`
    : `name an image of Postgres ${found} in ${projectName}:images.postgres`;
  return new RunError(
    `The volume ${volume} holds data of Postgres ${found}, which ${image} (Postgres ${server}) cannot read; nothing was changed.\n` +
      `Stay with Postgres ${found}: ${stay}\n` +
      `An image that ${projectName}:images.postgres names must be of Postgres ${found}, too.`,
  );
}

function misplaced({ volume, image }: PostgresPlan, folder: string): RunError {
  const inside = folder.replace("/data/", "");
  const move = `mv /data/${inside}/* /data/ && rm -r /data/${inside.split("/")[0]!}`;
  return new RunError(
    `The volume ${volume} has its data in the folder ${inside}, as the official image from 18 on puts them, and a deploy would begin with ` +
      `an empty database beside them; nothing was changed.\nTo move them to where they belong, with no server running on them:\n` +
      `  docker run --rm --volume ${volume}:/data --entrypoint sh ${image} -c '${move}'`,
  );
}

function unknown({ stack, image }: PostgresPlan, server: string): RunError {
  return new RunError(
    `${image} is Postgres ${server}, of which no backups could be made; nothing was changed.\n` +
      `A stack can have Postgres ${postgresVersions.join(" or ")}: pulumi config rm --stack ${stack} --path '${projectName}:images.postgres'`,
  );
}

function unanswered({ mustAnswer }: PostgresPlan, what: string, { stderr }: ReturnType<Docker>): void {
  if (!mustAnswer) return;
  throw new RunError(`It could not be asked ${what}; nothing was changed.\n  ${stderr.trim()}`);
}
