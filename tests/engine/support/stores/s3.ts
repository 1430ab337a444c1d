import { execFileSync, spawn } from "node:child_process";
import { join, resolve } from "node:path";

import { canBuild } from "../../../support/go";
import { freePort } from "../project";

/** An S3 server for tests, in memory and on loopback. */
export interface FakeS3 {
  /** What tells the AWS SDK about it. */
  environment: Record<string, string>;
  stop(): void;
}

/** The server is built with Go; without it, the tests that need it are skipped, and say so. */
export const describeWithS3 = canBuild ? describe : describe.skip;

export async function startFakeS3(bucket: string): Promise<FakeS3> {
  const setup = join(resolve(__dirname, "../../../.."), "offline/toolchain/setup");
  const program = execFileSync(setup, ["service", "gofakes3"], { encoding: "utf8" }).trim();
  const port = await freePort();
  const server = spawn(
    program,
    ["-host", `127.0.0.1:${port}`, "-backend", "memory", "-initialbucket", bucket],
    { stdio: "ignore" },
  );
  const address = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    if (await fetch(address).catch(() => undefined)) break;
    if (attempt === 100) throw new Error("the S3 server does not answer");
    await new Promise((later) => setTimeout(later, 100));
  }
  return {
    environment: { AWS_ENDPOINT_URL: address, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    stop: () => void server.kill(),
  };
}
