import type { Problem, RawConfig } from "../problems";

/** The longest part that follows the stack's name in the name of a container; Docker adds nothing to it. */
const longestSuffix = "-postgres-exporter";
/** A container's name is a host name for its neighbours, whose parts DNS limits. */
const longestName = 63;

/**
 * A stack's name is a part of every name on the Docker host. Pulumi allows dots in it, at which Traefik takes a label's name
 * apart, so that no route of the stack would be known.
 */
export function stackNameProblems({ namespace, stack }: Pick<RawConfig, "namespace" | "stack">): Problem[] {
  const longest = longestName - longestSuffix.length - namespace.length - 1;
  const right =
    stack
      .replace(/[^a-zA-Z0-9_-]/g, "-")
      .slice(0, longest)
      .replace(/^[_-]+|[_-]+$/g, "") || "prod";
  const report = (problem: string): Problem => ({
    key: `The stack's name ${stack}`,
    problem,
    command: `pulumi stack rename --stack ${stack} ${right}`,
  });
  const found: Problem[] = [];
  if (!/^[a-zA-Z0-9_-]+$/.test(stack))
    found.push(
      report(
        "has other characters than letters, digits, dash and underscore, which Traefik's labels and Docker's names cannot have",
      ),
    );
  else if (!/^[a-zA-Z0-9].*[a-zA-Z0-9]$|^[a-zA-Z0-9]$/.test(stack))
    found.push(report("must begin and end with a letter or a digit"));
  if (stack.length > longest)
    found.push(
      report(`is longer than ${longest} characters, and with it a container's name longer than a host name`),
    );
  return found;
}
