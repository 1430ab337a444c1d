import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/* The smallest stack with a secret and something on the Docker host, for tests of where state is kept. */

const prefix = `dating-${pulumi.getStack()}`;
const labels = [{ label: "dating.stack", value: prefix }];
new docker.Network("network", { name: `${prefix}-network`, labels });
if (new pulumi.Config().getBoolean("second")) {
  new docker.Network("second", { name: `${prefix}-second`, labels });
}

export const password = new random.RandomPassword("password", { length: 32, special: false }).result;
export const token = new pulumi.Config().requireSecret("token");
