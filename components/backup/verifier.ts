import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { readers } from "../../config/database-names";
import { verifier as service } from "../../config/keys";
import { scratchLabel } from "../../config/volumes";
import { labelList, stackLabels, type StackContext } from "../context";
import type { Networks } from "../networks";
import { Workload, type MountedVolume } from "../workload";

export interface VerifierArgs {
  context: StackContext;
  /** The stack's own Postgres: only the version that made the backups, with its extensions and its C library, can restore them all. */
  image: string;
  /** Of the role that makes the backups. */
  password: pulumi.Output<string>;
  networks: Networks;
  /** Whether there are base backups, whose files it is given. */
  continuous: boolean;
}

const script = "/etc/backup-verifier.sh";

/**
 * The throw-away server in which backups are restored. It has none of the stack's data, no rights and no way out, and runs behind
 * all else; between two verifications it is a script that waits.
 */
export class Verifier extends pulumi.ComponentResource {
  /** What the backup service has to have, too: where it restores files to. */
  readonly volumes: MountedVolume[];

  constructor(name: string, args: VerifierArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Verifier", name, {}, opts);
    const { context, networks } = args;
    this.volumes = args.continuous ? [{ volume: scratchVolume(this, context), path: "/verify" }] : [];
    new Workload(
      service,
      {
        ...{ context, service, image: args.image, volumes: this.volumes },
        entrypoint: ["bash", script],
        // As whom the server's files are restored.
        user: "postgres",
        environment: { PGUSER: readers.backups },
        files: [
          { path: script, content: readFileSync(join(__dirname, "verifier.sh"), "utf8") },
          { path: "/run/secrets/backup_password", content: args.password },
        ],
        networks: [{ network: networks.internal, aliases: [service] }],
        // It asks the backup service every 5 seconds, and may wait 15 for an answer.
        health: {
          command: `test $(($(date +%s) - $(stat -c %Y /tmp/alive))) -lt 90`,
          startPeriod: "1 minute",
        },
        memory: context.memory(service),
        sharedMemory: context.memory(service),
        filesystem: { writableBecause: "the password arrives as a file, and dumps are restored into it" },
        rollout: "stop-first",
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

/** Neither protected nor kept: it is empty but for the minutes in which a backup is restored. */
function scratchVolume(parent: Verifier, context: StackContext): docker.Volume {
  return new docker.Volume(
    "backup-verify",
    {
      name: `${context.prefix}_backup_verify`,
      labels: labelList({ ...stackLabels(context), [scratchLabel]: service }),
    },
    { parent, deleteBeforeReplace: true },
  );
}
