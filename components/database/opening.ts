import * as command from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "../context";
import type { DatabaseConnection } from "../database";
import { guarded, secretHook } from "../hook";
import type { Workload } from "../workload";

export interface OpeningArgs {
  context: StackContext;
  /** Name of the application's database and of the role that owns it. */
  name: string;
  connection: DatabaseConnection;
  extensions: string[];
  superuser: string;
  volume: docker.Volume;
  server: Workload;
}

/**
 * Makes the application's role, its database and the database's extensions, in a server whose library orders texts as the
 * indexes are ordered.
 *
 * @returns what can log in from then on, until it is deleted itself
 */
export function openToApplication(
  parent: pulumi.Resource,
  name: string,
  args: OpeningArgs,
): command.local.Command {
  const { context, connection, server, superuser, volume } = args;
  const postgres = {
    ...(context.dockerHost && { DOCKER_HOST: context.dockerHost }),
    // Not its container, which a replacement of Postgres changes and nothing of this.
    STACK: context.prefix,
    SUPERUSER: superuser,
  };
  const ordered = new command.local.Command(
    `${name}-order`,
    {
      create: guarded("bash hooks/same-order.sh", "1 minute"),
      environment: postgres,
      triggers: [server.release],
    },
    { parent, dependsOn: server.ready, deleteBeforeReplace: true },
  );
  const environment = { ...postgres, DATABASE: connection.name, OWNER: args.name, ROLE: connection.user };
  const role = secretHook(
    `${name}-role`,
    {
      create: "bash hooks/provision-role.sh",
      limit: "2 minutes",
      environment,
      stdin: connection.password,
      // A volume of another name is another database, which does not know the role.
      triggers: [volume.name],
    },
    { parent, dependsOn: [ordered], deleteBeforeReplace: true },
  );
  const extensions = createExtensions(parent, name, args, { ...postgres, DATABASE: connection.name }, role);
  // With the login's name in its own, so that another login is another resource: deleted at the end of the deploy, after
  // everything that used it.
  return new command.local.Command(
    `${name}-login-${connection.user}`,
    { delete: guarded("bash hooks/retire-login.sh", "5 minutes"), environment },
    { parent, dependsOn: [role, ...extensions] },
  );
}

function createExtensions(
  parent: pulumi.Resource,
  name: string,
  { extensions, volume }: OpeningArgs,
  environment: Record<string, string>,
  role: pulumi.Resource,
): command.local.Command[] {
  if (extensions.length === 0) return [];
  const wanted = [...new Set(extensions)].sort().join(" ");
  return [
    new command.local.Command(
      `${name}-extensions`,
      {
        create: guarded("bash hooks/provision-extensions.sh", "5 minutes"),
        environment: { ...environment, EXTENSIONS: wanted },
        triggers: [volume.name],
      },
      { parent, dependsOn: [role], deleteBeforeReplace: true },
    ),
  ];
}

/**
 * The role that logs in, for each version of the password another one: the running release keeps its own until the next
 * one has taken over. The first is the owner of the database itself, and the others act as it.
 */
export function loginName(owner: string, version: number): string {
  return version === 1 ? owner : `${owner}_v${version}`;
}
