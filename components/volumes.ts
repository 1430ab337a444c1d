import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { volumeNames, type VolumeName } from "../config/volumes";
import { labelList, stackLabels, type StackContext } from "./context";

export interface VolumesArgs {
  context: StackContext;
  /** Real names of volumes that exist already; the others are named after the stack. */
  names: { [name in VolumeName]?: string };
}

/**
 * The named volumes with the stack's data.
 *
 * They are protected (a deploy that would delete one fails) and retained (one that leaves the program stays on the
 * host). Docker answers the creation of a volume that exists with the existing one, so data that is there is taken over.
 */
export class Volumes extends pulumi.ComponentResource {
  readonly byName: Record<VolumeName, docker.Volume>;

  constructor(name: string, args: VolumesArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Volumes", name, {}, opts);
    this.byName = Object.fromEntries(
      volumeNames.map((volume) => [volume, createVolume(this, volume, args)]),
    ) as Record<VolumeName, docker.Volume>;
    this.registerOutputs();
  }
}

/** A volume's real name on the Docker host. */
export function volumeName(
  volume: VolumeName,
  context: Pick<StackContext, "prefix">,
  names: VolumesArgs["names"],
): string {
  return names[volume] ?? `${context.prefix}_${volume}`;
}

function createVolume(parent: Volumes, volume: VolumeName, { context, names }: VolumesArgs): docker.Volume {
  return new docker.Volume(
    volume,
    { name: volumeName(volume, context, names), labels: labelList(stackLabels(context)) },
    // Another set of labels is no reason to part with data: Docker can change them only by making the volume anew.
    { parent, protect: true, retainOnDelete: true, deleteBeforeReplace: false, ignoreChanges: ["labels"] },
  );
}
