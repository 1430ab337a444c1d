import type { DeployedResource } from "../stack/deployment";
import { provisionsRole } from "../guarded";
import { stackOf } from "./containers";
import { nameOf, type Finding } from "./findings";
import type { DockerHost } from "../host/inspect";

/** What logs in as a role over the network; the password arrives on stdin and is on no command line. */
const login = `
IFS= read -r PGPASSWORD; export PGPASSWORD
exec psql --no-psqlrc --quiet --host "$(hostname)" --username "$1" --dbname "$2" --command "select 1"
`;

/**
 * Logs in to the database as each role that the stack made, with the password from the state: a password that somebody
 * changed in the database, a role or a database that is gone, is found out only by trying.
 */
export function tryRoles(resources: DeployedResource[], host: DockerHost): Finding[] {
  const provisioned = resources.filter(provisionsRole);
  const stack = stackOf(resources);
  const postgres = stack && provisioned.length > 0 ? host.running(stack, "postgres") : undefined;
  // Reported as what it is.
  if (!postgres) return [];
  return provisioned.flatMap(({ urn, inputs }) => {
    const { ROLE, DATABASE } = inputs.environment as Record<string, string>;
    try {
      host.run(
        [
          "exec",
          "--interactive",
          "--user",
          "postgres",
          postgres.Id,
          "sh",
          "-c",
          login,
          "sh",
          ROLE!,
          DATABASE!,
        ],
        `${String(inputs.stdin)}\n`,
      );
      return [];
    } catch (error) {
      const message = String((error as { stderr?: Buffer }).stderr);
      if (/password authentication failed|no password supplied/.test(message)) {
        return [
          { urn, subject: nameOf(urn), text: `the role ${ROLE} does not log in with the stack's password` },
        ];
      }
      if (/is not permitted to log in|does not exist|permission denied for database/.test(message)) {
        return [{ urn, subject: nameOf(urn), text: `the role ${ROLE} cannot use the database ${DATABASE}` }];
      }
      throw new Error(`cannot ask the database in ${postgres.Name.slice(1)}: ${message.trim()}`);
    }
  });
}
