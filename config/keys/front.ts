import { hostName } from "./edge";
import { integer, key, secretKey, text } from "./fields";
import { z } from "zod";

/** The configuration keys that are about one stack's edge before another's: one serves preview environments that have edges of their own. */
export const frontKeys = {
  previewDomain: key(text(hostName, "must be a host name").optional(), {
    description:
      "Name below which this stack's edge serves the preview environments of its Docker host, as in `pr-123.staging.example.com`; all names below it have to lead to this host. Default: it serves none.",
    example: "staging.example.com",
  }),
  behind: key(text(/^[a-z0-9][a-z0-9-]*$/, "must be the name of a stack").optional(), {
    description:
      "The stack on the same Docker host whose edge leads people to this one, of a preview environment; `./dating env create PR-123 --behind staging` sets it. Default: people come to this stack's own edge.",
    example: "staging",
  }),
  behindTls: key(z.enum(["off", "acme", "files"], "must be off, acme or files").default("off"), {
    description: "How the edge of `behind` serves HTTPS: its `tls`.",
    example: "acme",
  }),
  behindPort: key(integer(1, 65535).default(80), {
    description:
      "The port on which the edge of `behind` is reached: its `httpPort`, or with TLS its `httpsPort`.",
    example: "443",
  }),
  password: secretKey(
    text(/^[\x21-\x7e]{16,72}$/, "must have 16 to 72 characters without spaces").optional(),
    {
      description:
        "The password with which the edge of `behind` lets people in, as `preview`. Default: everybody is let in.",
    },
  ),
};
