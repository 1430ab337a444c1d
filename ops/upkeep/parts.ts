import { readFileSync } from "node:fs";
import { join } from "node:path";

import { load } from "js-yaml";
import { z } from "zod";

import { baseImages } from "../../images/build";
import { imageNames, projectRoot } from "../../images/content";
import { parseReference } from "../../images/reference";

const day = z.iso.date();

const partType = z
  .strictObject({
    part: z.string(),
    version: z.string(),
    in: z.array(z.string().regex(/^(image|base|npm|engine|toolchain) \S+$/)),
    ends: day.optional(),
    looked: day.optional(),
    source: z.url(),
    despite: z.strictObject({ reason: z.string().min(20), until: day }).optional(),
  })
  .refine(({ ends, looked }) => (ends === undefined) !== (looked === undefined), "either ends or looked");

/** A part that the project runs, as docs/tables/versions.yaml has it; days as `2027-01-31`. */
export type Part = z.output<typeof partType>;

/**
 * The table docs/tables/versions.yaml.
 *
 * @throws ZodError where it says something else than its head allows
 */
export function readParts(root: string = projectRoot): Part[] {
  return z.array(partType).parse(load(readFileSync(join(root, "docs/tables/versions.yaml"), "utf8")));
}

/** What is in use, by where: `{"image traefik": "3.6.12", "base trixie": "trixie", …}`. */
export function versionsInUse(root: string = projectRoot): Record<string, string> {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  const images = Object.entries(load(read("images/official.yaml")) as Record<string, string>).map(
    ([name, reference]) => [`image ${name}`, (parseReference(reference).tag ?? "").replace(/^v/, "")],
  );
  const bases = imageNames(root)
    .flatMap((name) => baseImages(name, root))
    .map((reference) => /^debian:(\w+)-slim$/.exec(reference)?.[1] ?? reference)
    .map((suite) => [`base ${suite}`, suite]);
  const { dependencies, engines } = JSON.parse(read("package.json")) as Record<
    string,
    Record<string, string>
  >;
  const packages = Object.entries(dependencies ?? {}).filter(([name]) => /^@pulumi(verse)?\//.test(name));
  const toolchain = [...read("setup/toolchain/versions").matchAll(/^(\w+)_VERSION=(.+)$/gm)];
  return Object.fromEntries([
    ...images,
    ...bases,
    ...packages.map(([name, version]) => [`npm ${name}`, version]),
    ...Object.entries(engines ?? {}).map(([name, range]) => [`engine ${name}`, range.replace(/^>=/, "")]),
    ...toolchain.map(([, name, version]) => [`toolchain ${name}`, version]),
  ]) as Record<string, string>;
}
