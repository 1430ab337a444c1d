import { execFileSync } from "node:child_process";

import { nameOf, type Finding } from "./findings";

/** The part of `pulumi refresh --preview-only --json` that is read. Its old and new states are never shown. */
interface RefreshPreview {
  steps?: {
    op: string;
    urn: string;
    oldState?: { type?: string; id?: string };
    detailedDiff?: Record<string, unknown>;
  }[];
}

/** What the engine's own look at a stack, but for some resources, finds, without changing its state. */
export function previewRefresh(stack: string, outOfReach: string[]): Finding[] {
  const text = execFileSync(
    "pulumi",
    [
      ...["refresh", "--preview-only", "--json", "--non-interactive", "--stack", stack],
      ...outOfReach.flatMap((urn) => ["--exclude", urn]),
    ],
    {
      encoding: "utf8",
      maxBuffer: 256 * 1024 * 1024,
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  return refreshFindings(JSON.parse(text) as RefreshPreview);
}

/** Reads a preview of a refresh: what is gone, and which properties of what is there are others. */
export function refreshFindings({ steps = [] }: RefreshPreview): Finding[] {
  return steps.flatMap(({ op, urn, oldState, detailedDiff }): Finding[] => {
    const [kind = ""] = /[a-zA-Z]+$/.exec(oldState?.type ?? "") ?? [];
    const subject = nameOf(urn);
    if (op === "delete") {
      const lost = kind === "Volume" ? { lostVolume: oldState?.id ?? subject } : {};
      const text = kind === "Volume" ? "the volume is gone, with all data in it" : "is gone";
      return [{ urn, subject, text, seenByEngine: true, ...lost }];
    }
    if (op !== "update") return [];
    return Object.keys(detailedDiff ?? {}).map((path) => {
      const [property = path] = path.split(/[.[]/);
      return { urn, subject, property, text: `${property} is another than deployed`, seenByEngine: true };
    });
  });
}
