import { buffersOf, memorySettings } from "../../../config/postgres-settings";

test.each([
  [64, { effective_cache_size: "48MB", maintenance_work_mem: "16MB", shared_buffers: "16MB" }],
  [512, { effective_cache_size: "384MB", maintenance_work_mem: "32MB", shared_buffers: "128MB" }],
  [32_768, { effective_cache_size: "24576MB", maintenance_work_mem: "1024MB", shared_buffers: "8192MB" }],
])("with %i MiB, the server's memory is shared out as the manual says", (limit, settings) => {
  expect(memorySettings(limit)).toEqual(settings);
});

test.each([
  ["128MB", 128],
  ["16384", 128],
  [" 1.5 GB ", 1536],
  ["512kB", 0.5],
  ["", undefined],
  ["128 MiB", undefined],
])("shared_buffers of %j is %p MiB", (value, mebibytes) => {
  expect(buffersOf(value)).toBe(mebibytes);
});
