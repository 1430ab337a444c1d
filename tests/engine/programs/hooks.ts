import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { secretHook } from "../../../components/hook";

/* Hooks that tell whatever they are told. */

const { result: password } = new random.RandomPassword("password", { length: 32, special: false });

for (const openOutput of [false, true]) {
  secretHook(
    openOutput ? "open" : "closed",
    {
      create: "sh hooks/talkative.sh",
      environment: { STATUS: new pulumi.Config().get("status") ?? "0" },
      secrets: { AUTH: pulumi.interpolate`admin:${password}` },
      stdin: password,
      limit: "20 seconds",
      openOutput,
    },
    {},
  );
}
