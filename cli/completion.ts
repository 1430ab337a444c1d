import { Argument } from "commander";

import { projectRoot } from "../images/content";
import { program } from "./catalog";
import { completionScript, shells } from "./complete";
import { act, define } from "./command";

export const command = define(
  "completion",
  "Prints a script that completes commands, options and stacks of ./dating in bash or zsh.",
  ["completion bash >~/.local/share/bash-completion/completions/dating", "completion zsh >~/.zfunc/_dating"],
).addArgument(new Argument("<shell>").choices(shells));
act(command, (shell: (typeof shells)[number]) => {
  process.stdout.write(completionScript(shell, program(), projectRoot));
});
