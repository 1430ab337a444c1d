import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { givenPassphrase, isPublicPassphrase } from "../../config/stack/passphrase";
import { projectName } from "../../config/project";
import { isMadeByItself } from "../../config/stack/kind";
import { projectRoot } from "../../images/content";
import { pulumi } from "../../ops/pulumi";
import { isSet, requiredSecrets } from "../../ops/stack/secret-values";
import { StackFile } from "../../ops/stack/file";
import { backendInWords } from "../../ops/stack/backend";
import { ask, confirm } from "../../ops/stack/confirm";
import { OperatorError, Refused } from "../../ops/stack/errors";
import { Session } from "../../ops/stack/session";
import { act, define, quiet, yes, type CommonOptions } from "../command";

interface Options extends CommonOptions {
  domain?: string;
  dockerHost?: string;
  secretsProvider?: string;
}

async function init(stack: string, options: Options): Promise<void> {
  const session = new Session(stack);
  if (isMadeByItself(stack))
    throw new OperatorError(`stack ${stack} needs no init: ./dating up dev, ./dating env create NAME`);
  requireShared(session, options);
  if (session.exists)
    throw new OperatorError(`stack ${stack} is in the state ${backendInWords(session.backend)} already`);
  const file = existsSync(join(projectRoot, `Pulumi.${stack}.yaml`)) ? new StackFile(stack) : undefined;
  const domain = await answerOf("domain", "Host name, as in dating.example.com", options, file);
  const dockerHost = await answerOf(
    "dockerHost",
    "Docker host, as in ssh://deploy@dating.example.com",
    options,
    file,
  );
  console.log(`${stack} on ${dockerHost} · served as ${domain} · state ${backendInWords(session.backend)}`);
  await confirm(stack, options.yes);

  const provider = options.secretsProvider ? ["--secrets-provider", options.secretsProvider] : [];
  pulumi(["stack", "init", stack, "--no-select", ...provider]);
  const path = join(projectRoot, `Pulumi.${stack}.yaml`);
  if (!existsSync(path)) writeFileSync(path, `config:\n  ${projectName}:domain: ${domain}\n`);
  const made = new StackFile(stack);
  made.set(domain, "domain");
  made.set(dockerHost, "dockerHost");
  made.save();
  tellRest(
    stack,
    requiredSecrets.filter((name) => !isSet(made, name)),
  );
}

/** @throws Refused where others could not deploy the stack, or everybody could read its secrets */
function requireShared({ stack, backend }: Session, { secretsProvider }: Options): void {
  if (backend.own)
    throw new Refused(
      `the state of stack ${stack} would be on this machine alone, where nobody else finds it. Choose a backend first: ` +
        "pulumi login, or export PULUMI_BACKEND_URL=s3://BUCKET (docs/state-and-secrets.md)",
    );
  if (secretsProvider !== undefined || /^https?:/.test(backend.url)) return;
  const passphrase = givenPassphrase();
  if (!passphrase || isPublicPassphrase(passphrase))
    throw new Refused(
      `the secrets of stack ${stack} need a passphrase of their own: export PULUMI_CONFIG_PASSPHRASE_FILE=FILE, or another ` +
        "--secrets-provider (docs/state-and-secrets.md)",
    );
}

/** What was given, or is answered; nothing more than a return is what the stack's file has. */
async function answerOf(
  key: "domain" | "dockerHost",
  question: string,
  options: Options,
  file: StackFile | undefined,
): Promise<string> {
  if (options[key]) return options[key];
  const written = file?.get(key);
  const known = typeof written === "string" && written !== "" ? written : undefined;
  if (known && options.yes) return known;
  const answer = await ask(known ? `${question} [${known}]: ` : `${question}: `);
  const chosen = answer === "" ? known : answer;
  if (!chosen) throw new Refused(`Nothing was changed. Say it with --${kebab(key)}`);
  return chosen;
}

const kebab = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What a deploy still needs: `./dating preview` says the same, and more, of what is wrong. */
function tellRest(stack: string, missing: string[]): void {
  console.log(
    [
      `Stack ${stack} is made. What is left to do:`,
      ...(missing.length > 0 ? [`./dating secrets set ${stack}      ${missing.join(", ")}`] : []),
      `./dating images lock ${stack}      pin the images by digest`,
      `./dating doctor ${stack}           what speaks against the Docker host`,
      `./dating preview ${stack}          what a deploy would do; also names each setting that is missing or wrong`,
      `./dating up ${stack}`,
      `git add Pulumi.${stack}.yaml       its secrets are encrypted in it`,
    ].join("\n  "),
  );
}

export const command = define(
  "init",
  "Makes a new stack, such as staging or prod, in the chosen backend. Asks for the host name and the Docker host if they are not\n" +
    "given, and says what is left to do before the first deploy. The stack dev and preview environments do not need it.",
  ["init prod", "init prod --domain dating.example.com --docker-host ssh://deploy@dating.example.com --yes"],
)
  .argument("<stack>")
  .option("--domain <host>", "host name of the site")
  .option("--docker-host <url>", "the Docker host it runs on, as in ssh://deploy@dating.example.com")
  .option(
    "--secrets-provider <provider>",
    "what encrypts the secrets: a value of pulumi stack init --secrets-provider (default: passphrase; in Pulumi Cloud, its own)",
  )
  .addOption(quiet())
  .addOption(yes());
act(command, init);
