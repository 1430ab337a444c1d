import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";

import { writeArchive } from "../../../ops/backups/archives/archive";
import { format, type Manifest } from "../../../ops/backups/archives/manifest";
import { S3Store } from "../../../ops/backups/archives/s3";
import { describeWithS3, startFakeS3, type FakeS3 } from "../support/stores/s3";

jest.setTimeout(120_000);

const name = "20261123T210000Z";
const sha256 = "0".repeat(64);
const manifest: Manifest = {
  ...{ format, version: 1, name, stack: "prod", createdAt: "2026-11-23T21:00:00Z" },
  parts: [{ kind: "volume", file: "photos.tar.zst", bytes: 1, sha256, volume: "photos", entries: 1 }],
};

/** More than two of the parts in which large objects are sent, from a source that does not know its size. */
const block = randomBytes(1024 * 1024);
const blocks = 70;
async function* large(fail: boolean) {
  for (let count = 0; count < blocks; count++) yield await Promise.resolve(block);
  if (fail) throw new Error("the source failed");
}

describeWithS3("an S3-compatible store", () => {
  let s3: FakeS3;
  let store: S3Store;
  beforeAll(async () => {
    s3 = await startFakeS3("bucket");
    Object.assign(process.env, s3.environment);
    store = new S3Store("s3://bucket/some/prefix", "prod");
  });
  afterAll(() => s3?.stop());

  test("a large archive is sent in parts, and comes back byte for byte", async () => {
    await writeArchive(store, name, async (writer) => {
      await writer.write("photos.tar.zst", Readable.from(large(false), { objectMode: false }));
      return manifest;
    });
    expect(await store.names()).toEqual([name]);
    expect(await store.manifest(name)).toEqual(manifest);
    let bytes = 0;
    for await (const chunk of await store.read(name, "photos.tar.zst")) {
      const data = chunk as Buffer;
      const offset = bytes % block.length;
      const expected = Buffer.concat([block, block]).subarray(offset, offset + data.length);
      expect(data.equals(expected)).toBe(true);
      bytes += data.length;
    }
    expect(bytes).toBe(blocks * block.length);
  });

  test("an archive whose source fails is not there", async () => {
    const failed = writeArchive(store, "20261124T210000Z", async (writer) => {
      await writer.write("photos.tar.zst", Readable.from(large(true), { objectMode: false }));
      return manifest;
    });
    await expect(failed).rejects.toThrow("the source failed");
    expect(await store.names()).toEqual([name]);
  });

  test("of two runs that write one archive at once, the second is refused, and the first one's is whole", async () => {
    const both = "20261125T210000Z";
    const content = () => Readable.from([Buffer.from("a")], { objectMode: false });
    const first = await store.begin(both);
    await first.write("photos.tar.zst", content());
    await expect(store.begin(both)).rejects.toThrow("is being written by another run");
    await first.commit({ ...manifest, name: both });
    let read = "";
    for await (const chunk of await store.read(both, "photos.tar.zst")) read += String(chunk);
    expect(read).toBe("a");
    // Nothing of either run is left that stops a third.
    await (await store.begin(both)).abort();
  });

  test("an archive is whole where nothing may be removed from the store", async () => {
    const kept = "20261126T210000Z";
    const deny = jest
      .spyOn(S3Store.prototype as unknown as { remove(key: string): Promise<void> }, "remove")
      .mockRejectedValue(new Error("Access Denied"));
    const told = jest.spyOn(console, "error").mockImplementation(() => undefined);
    try {
      await writeArchive(store, kept, async (writer) => {
        await writer.write("photos.tar.zst", Readable.from([Buffer.from("a")], { objectMode: false }));
        return { ...manifest, name: kept };
      });
      expect(told).toHaveBeenCalledWith(
        expect.stringMatching(/\.writing-\w+ could not be removed.*Access Denied/),
      );
    } finally {
      deny.mockRestore();
      told.mockRestore();
    }
    expect(await store.names()).toContain(kept);
    let read = "";
    for await (const chunk of await store.read(kept, "photos.tar.zst")) read += String(chunk);
    expect(read).toBe("a");
  });

  test("another stack's archives are not listed, and a missing one is told", async () => {
    expect(await new S3Store("s3://bucket/some/prefix", "staging").names()).toEqual([]);
    expect(await new S3Store("s3://bucket/some", "prefix").names()).toEqual([]);
    await expect(store.manifest("20200101T000000Z")).rejects.toThrow(
      "There is no archive 20200101T000000Z in s3://bucket/some/prefix/prod.",
    );
    expect(() => new S3Store("s3://", "prod")).toThrow("must be s3://BUCKET");
  });
});
