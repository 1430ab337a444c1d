import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate that signs itself, and its key, both in PEM form. */
export interface TestCertificate {
  certificate: string;
  key: string;
}

/** A new certificate for the host names and addresses, valid for a day. Needs openssl. */
export function certificateFor(hosts: string[]): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), "dating-test-certificate-"));
  const file = (name: string) => join(folder, name);
  try {
    writeFileSync(file("empty.cnf"), "[req]\ndistinguished_name = name\n[name]\n");
    execFileSync(
      "openssl",
      [
        ...[
          "req",
          "-x509",
          "-config",
          file("empty.cnf"),
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
        ],
        ...[
          "-nodes",
          "-days",
          "1",
          "-subj",
          "/CN=dating-test",
          "-keyout",
          file("key.pem"),
          "-out",
          file("certificate.pem"),
        ],
        ...[
          "-addext",
          `subjectAltName=${hosts.map((host) => `${isIP(host) ? "IP" : "DNS"}:${host}`).join(",")}`,
        ],
      ],
      { stdio: "pipe" },
    );
    return {
      certificate: readFileSync(file("certificate.pem"), "utf8"),
      key: readFileSync(file("key.pem"), "utf8"),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
