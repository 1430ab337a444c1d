import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";

import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

import { BackupError, parseManifest, type Manifest } from "./manifest";
import type { ArchiveWriter, WritableStore } from "./store";

/** S3 takes at most 10,000 parts an object: so much is 320 GB, and twice so much is held in memory. */
const partSize = 32 * 1024 * 1024;

/** Milliseconds after which a run that has not ended is taken for one that was interrupted. */
const longestRun = 24 * 3600_000;

/**
 * Archives in an S3-compatible store: objects `PREFIX/STACK/NAME/FILE`.
 *
 * Credentials, region and address are the SDK's own: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE, AWS_REGION,
 * AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL for a store other than Amazon's, and so on.
 */
export class S3Store implements WritableStore {
  readonly where: string;
  private readonly bucket: string;
  private readonly prefix: string;
  private readonly client: S3Client;

  constructor(location: string, stack: string) {
    const [, bucket, prefix] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*?))?\/*$/.exec(location) ?? [];
    if (!bucket) throw new BackupError(`${location} must be s3://BUCKET or s3://BUCKET/PREFIX`);
    this.bucket = bucket;
    this.prefix = [prefix, stack].filter(Boolean).join("/");
    this.where = `s3://${bucket}/${this.prefix}`;
    const elsewhere = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
    // The pinned release runs on Node.js 20; that later ones will not is no news for who makes a backup.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
    // What every other tool of Amazon's reads, too.
    if (process.env.AWS_DEFAULT_REGION) process.env.AWS_REGION ??= process.env.AWS_DEFAULT_REGION;
    const standard = new S3Client({});
    this.client = new S3Client({
      region: () =>
        standard.config.region().catch((error: Error) => {
          // Stores other than Amazon's seldom have regions.
          if (elsewhere) return "us-east-1";
          throw new BackupError(`${error.message}: set AWS_REGION, or region in the profile of AWS_PROFILE.`);
        }),
      // Stores other than Amazon's often know neither bucket names in host names nor the newer checksums.
      ...(elsewhere && {
        endpoint: elsewhere,
        forcePathStyle: true,
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      }),
    });
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await this.client.send(
        new ListObjectsV2Command({ Bucket: this.bucket, Prefix: `${this.prefix}/`, ContinuationToken }),
      );
      for (const { Key = "" } of page.Contents ?? []) {
        // The manifest is written last: without one, an archive is not complete.
        const [, name] = /\/(\d{8}T\d{6}Z)\/manifest\.json$/.exec(Key) ?? [];
        if (name && Key === this.key(name, "manifest.json")) names.push(name);
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    return names.sort();
  }

  async manifest(name: string): Promise<Manifest> {
    const content = await this.get(name, "manifest.json", `There is no archive ${name} in ${this.where}.`);
    return parseManifest(await content.transformToString(), `${this.where}/${name}`);
  }

  async read(name: string, file: string): Promise<Readable> {
    const missing = `${this.where}/${name} lacks its part ${file}. Nothing was changed.`;
    return (await this.get(name, file, missing)) as unknown as Readable;
  }

  async begin(name: string): Promise<ArchiveWriter> {
    const mark = await this.claim(name);
    const written: string[] = [];
    const upload = async (file: string, Body: Readable | string) => {
      written.push(file);
      const params = { Bucket: this.bucket, Key: this.key(name, file), Body };
      await new Upload({ client: this.client, params, partSize, queueSize: 2 }).done();
    };
    return {
      write: upload,
      commit: async (manifest) => {
        await upload("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
        await this.unmark(mark);
      },
      abort: async () => {
        // The manifest first: without one, what is left is no archive.
        for (const file of written.reverse()) await this.remove(this.key(name, file));
        await this.unmark(mark);
      },
    };
  }

  /**
   * Marks an archive as being written by this run, so that a second one neither mixes its parts with it nor removes them.
   *
   * @returns the mark's key
   * @throws BackupError when another run writes it
   */
  private async claim(name: string): Promise<string> {
    const mark = this.key(name, `.writing-${randomBytes(6).toString("hex")}`);
    await this.client.send(new PutObjectCommand({ Bucket: this.bucket, Key: mark, Body: "" }));
    const { Contents = [] } = await this.client.send(
      new ListObjectsV2Command({ Bucket: this.bucket, Prefix: this.key(name, ".writing-") }),
    );
    const since = (key: string) => Contents.find(({ Key }) => Key === key)?.LastModified?.getTime() ?? 0;
    const others = Contents.flatMap(({ Key }) => (Key && Key !== mark ? [Key] : []));
    const before = others.filter(
      (other) =>
        since(mark) - since(other) < longestRun &&
        (since(other) < since(mark) || (since(other) === since(mark) && other < mark)),
    );
    if (before.length === 0) {
      for (const other of others.filter((key) => since(mark) - since(key) >= longestRun))
        await this.unmark(other);
      return mark;
    }
    await this.unmark(mark);
    throw new BackupError(
      `${this.where}/${name} is being written by another run, since ${new Date(since(before[0]!)).toISOString()}. Where that was ` +
        `interrupted, remove s3://${this.bucket}/${before[0]} and try again.`,
    );
  }

  /** Who may write only, as is wise for backups, cannot remove a mark. The archive is whole without that. */
  private async unmark(mark: string): Promise<void> {
    await this.remove(mark).catch((error: Error) =>
      console.error(`s3://${this.bucket}/${mark} could not be removed, and may be: ${error.message}`),
    );
  }

  private async remove(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key }));
  }

  private key(name: string, file: string): string {
    return `${this.prefix}/${name}/${file}`;
  }

  private async get(name: string, file: string, missing: string) {
    try {
      const { Body } = await this.client.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: this.key(name, file) }),
      );
      return Body!;
    } catch (error) {
      throw error instanceof NoSuchKey ? new BackupError(missing) : error;
    }
  }
}
