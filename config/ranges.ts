import { isIP } from "node:net";

/** Whether a text is an address, or a range of addresses in the form ADDRESS/BITS, of IPv4 or of IPv6. */
export function isRange(value: string): boolean {
  const [address = "", bits, ...rest] = value.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
