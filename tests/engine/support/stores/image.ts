import { execFileSync } from "node:child_process";
import { resolve } from "node:path";

import { contentHash } from "../../../../images/content";

/** The name of an image of tests/engine/images, or of another folder there, built where the Docker Engine lacks it. */
export function testImage(name: string, folder = "images"): string {
  const source = resolve(__dirname, "../..", folder, name);
  const image = `dating-test/${name}:${contentHash(source).slice(0, 12)}`;
  if (execFileSync("docker", ["image", "ls", "--quiet", image]).length === 0) {
    execFileSync("docker", ["build", "--quiet", "--tag", image, source], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return image;
}
