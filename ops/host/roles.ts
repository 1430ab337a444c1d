import type { DeployedResource } from "../deployment";
import { nameOf, type Finding } from "./findings";
import type { DockerHost } from "./inspect";

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
  const provisioned = resources.filter(({ inputs }) =>
    /^bash hooks\/provision-\w+\.sh$/.test(String(inputs.create)),
  );
  return provisioned.flatMap(({ urn, inputs }) => {
    const { CONTAINER, ROLE, DATABASE } = inputs.environment as Record<string, string>;
    // Reported as what it is.
    if (!host.container(CONTAINER!)?.State.Running) return [];
    try {
      host.run(
        ["exec", "--interactive", CONTAINER!, "sh", "-c", login, "sh", ROLE!, DATABASE!],
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
      throw new Error(`cannot ask the database in ${CONTAINER}: ${message.trim()}`);
    }
  });
}
