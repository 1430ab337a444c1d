import type { Command } from "commander";

/** The shells that can be completed in. */
export const shells = ["bash", "zsh"] as const;

/** Every place of the command line at which words can be completed, and the words. */
function places(command: Command, path: readonly string[] = []): [path: string, words: string][] {
  const words = [
    ...command.commands.map((each) => each.name()),
    ...command.options.flatMap(({ long, short }) => long ?? short ?? []),
    "--help",
  ];
  return [
    [path.join(" "), words.join(" ")],
    ...command.commands.flatMap((each) => places(each, [...path, each.name()])),
  ];
}

/**
 * What makes a shell complete the commands, their options and the names of the stacks.
 *
 * @param root the checkout, whose Pulumi.STACK.yaml files name the stacks
 */
export function completionScript(shell: (typeof shells)[number], tree: Command, root: string): string {
  const cases = places(tree).map(([path, words]) => `        "${path}") echo "${words}" ;;`);
  const groups = tree.commands.filter(({ commands }) => commands.length > 0).map((each) => each.name());
  const common = `# Completes ./dating; made by: ./dating completion ${shell}

# The words that may follow those that are there: commands and options, and the stacks.
_dating_words() {
    local place=
    case "\${1:-}" in
        ${groups.join(" | ")}) place="$1\${2:+ $2}" ;;
        *) place=\${1:-} ;;
    esac
    case "$place" in
${cases.join("\n")}
    esac
    [ -z "$place" ] || (cd '${root.replaceAll("'", "'\\''")}' && ls Pulumi.*.yaml 2>/dev/null | sed 's/^Pulumi\\.//; s/\\.yaml$//')
}
`;
  return `${shell === "zsh" ? "#compdef dating\n" : ""}${common}${shell === "zsh" ? zsh : bash}`;
}

const bash = `
_dating() {
    local words
    words=$(_dating_words "\${COMP_WORDS[@]:1:COMP_CWORD-1}")
    COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
    # Where nothing fits, it is a file.
    [ "\${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _dating dating ./dating
`;

const zsh = `
_dating() {
    local -a found
    found=(\${=\$(_dating_words "\${(@)words[2,CURRENT-1]}")})
    compadd -a found || _files
}
compdef _dating dating ./dating
# From a folder of functions, zsh reads this file at the first completion, and expects that one of it.
if [ "$funcstack[1]" = _dating ]; then _dating "$@"; fi
`;
