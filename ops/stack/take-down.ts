import { pulumi } from "../pulumi";

/** What stays for the next deploy: volumes with their data, and the passwords of the roles in it. */
const kept = ["**docker:index/volume:Volume**", "**random:index/randomPassword:RandomPassword**"];

/** Removes a stack's containers and networks. Its volumes and its passwords stay, for the next deploy. */
export function takeDown(stack: string, { dryRun = false }: { dryRun?: boolean } = {}): void {
  pulumi([
    ...["destroy", "--stack", stack, ...kept.flatMap((urn) => ["--exclude", urn])],
    ...(dryRun ? ["--preview-only"] : ["--yes", "--skip-preview"]),
  ]);
}
