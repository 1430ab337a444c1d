import { overlap, roomIn, usualPools } from "../../../host/ranges";
import { readListeners } from "../../../host/asking/view";

test("the kernel's list of sockets says who listens where", () => {
  const text = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
    "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0",
    "   1: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0",
    "   2: 0100007F:A1B2 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000     0",
    "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0",
    "   1: 00000000000000000000000001000000:0BB9 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0",
  ].join("\n");
  expect(readListeners(text)).toEqual([
    { ip: "0.0.0.0", port: 80 },
    { ip: "127.0.0.1", port: 3000 },
    { ip: "0.0.0.0", port: 8080 },
    { ip: "::1", port: 3001 },
  ]);
});

test.each([
  ["198.18.7.0/24", "198.18.7.64/26", true],
  ["198.18.7.64/26", "198.18.0.0/15", true],
  ["198.18.7.0/24", "198.18.8.0/24", false],
  ["198.18.7.0/24", "fd00::/64", false],
])("%s and %s overlap: %s", (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected);
});

test("an engine with its own ranges has room for 30 networks beside its first", () => {
  expect(roomIn(usualPools, ["172.17.0.0/16"], 100)).toBe(30);
});
