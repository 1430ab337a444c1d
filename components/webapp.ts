import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "./context";
import type { Edge } from "./edge";
import { Workload } from "./workload";

export interface WebappArgs {
  context: StackContext;
  /** An nginx with the app's static files, listening on 8080 as a user that is not root. */
  image: string;
  edge: Edge;
}

/** The Mini App's web pages. */
export class Webapp extends pulumi.ComponentResource {
  readonly service: Workload;

  constructor(name: string, args: WebappArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Webapp", name, {}, opts);
    this.service = createService(this, args);
    this.registerOutputs();
  }
}

const port = 8080;

function createService(parent: Webapp, { context, image, edge }: WebappArgs): Workload {
  return new Workload(
    "webapp",
    {
      context,
      service: "webapp",
      image,
      networks: [{ network: edge.network }],
      served: {
        ...{ edge, port, paths: "others" },
        probes: [
          { path: "/", type: "text/html", tellsRelease: true },
          { path: "/version.txt", tellsRelease: true },
        ],
      },
      health: {
        command: `curl --fail --silent --show-error --max-time 2 http://127.0.0.1:${port}/healthz`,
        interval: "3 seconds",
      },
      memory: context.memory("webapp"),
      filesystem: "read-only",
      temporary: ["/tmp"],
      rollout: "start-first",
    },
    { parent },
  );
}
