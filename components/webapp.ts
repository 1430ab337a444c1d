import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { StackContext } from "./context";
import { routeLabels } from "./routes";
import { Workload } from "./workload";

export interface WebappArgs {
  context: StackContext;
  /** An nginx with the app's static files, listening on 8080 as a user that is not root. */
  image: string;
  /** Host name under which the edge serves the app. */
  domain: string;
  network: docker.Network;
}

/** The Mini App's web pages. */
export class Webapp extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(name: string, args: WebappArgs, opts: pulumi.ComponentResourceOptions) {
    super("dating:index:Webapp", name, {}, opts);
    this.container = createService(this, args).container;
    this.registerOutputs();
  }
}

const port = 8080;

function createService(parent: Webapp, { context, image, domain, network }: WebappArgs): Workload {
  return new Workload(
    "webapp",
    {
      context,
      service: "webapp",
      image,
      networks: [{ network }],
      labels: routeLabels(context, { service: "webapp", rule: `Host(\`${domain}\`)`, port }),
      health: {
        command: `curl --fail --silent --show-error --max-time 2 http://127.0.0.1:${port}/healthz`,
        interval: "3 seconds",
        retries: 2,
      },
      memory: context.memory("webapp", "128 MiB"),
      filesystem: "read-only",
      temporary: ["/tmp"],
      rollout: "start-first",
    },
    { parent },
  );
}
