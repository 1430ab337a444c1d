import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

/* What breaks every rule of the policy pack at once. */

const labels = [{ label: "dating.stack", value: `dating-${pulumi.getStack()}` }];

new docker.Volume("data", { labels });
new docker.Network("open", { labels });

new docker.Container("careless", {
  image: "debian:trixie-slim",
  labels,
  user: "root",
  privileged: true,
  networkMode: "host",
  envs: ["DB_PASSWORD=x"],
  capabilities: { adds: ["CAP_SYS_ADMIN"] },
  usernsMode: "host",
  securityOpts: ["seccomp=unconfined", "label=disable"],
  ports: [{ internal: 80, external: 80 }],
  volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/var/run/docker.sock" }],
});
