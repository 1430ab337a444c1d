import { X509Certificate } from "node:crypto";

import { inWords, judge, readReason, type Reason } from "../../../hooks/lib/edge/certificates.mts";
import { certificateFor } from "../../support/certificate";

const certificate = new X509Certificate(certificateFor(["dating.example.com", "*.example.org"]).certificate);

describe("a certificate that the edge shows", () => {
  test("is right for the names that it covers, and tells until when and from whom", () => {
    for (const host of ["dating.example.com", "www.example.org"]) {
      expect(judge(host, certificate)).toEqual({
        ...{ host, issuer: "dating-test", until: certificate.validToDate },
        fingerprint: certificate.fingerprint256,
      });
    }
  });

  test("is wrong for another name, and when it has expired", () => {
    expect(judge("example.com", certificate).wrong).toBe(
      "the edge shows another name's certificate under example.com",
    );
    expect(judge("dating.example.com", certificate, new Date("2100-01-01")).wrong).toBe(
      "the certificate of dating.example.com has expired",
    );
  });

  test("is none where Traefik has made it for itself", () => {
    const own = { subject: "CN=TRAEFIK DEFAULT CERT" } as X509Certificate;
    expect(judge("dating.example.com", own)).toEqual({
      ...{ host: "dating.example.com", wrong: "there is no certificate for dating.example.com yet" },
    });
  });

  test("needs neither a subject nor an issuer's name", () => {
    const bare = { validToDate: certificate.validToDate, checkHost: () => "a" } as unknown as X509Certificate;
    expect(judge("a", bare).wrong).toBeUndefined();
  });
});

describe("a reason in Traefik's log", () => {
  const line = (error: string) =>
    JSON.stringify({
      ...{ level: "error", providerName: "letsencrypt.acme", domains: ["dating.example.com"], error },
      ...{ time: "2026-11-27T19:00:00Z", message: "Unable to obtain ACME certificate for domains" },
    });
  const why = (error: string) => readReason(line(error))[0]?.[1].why;

  test("is the authority's own words", () => {
    expect(
      why(
        "unable to generate a certificate for the domains [dating.example.com]: error: one or more domains had a problem:\n" +
          "[dating.example.com] invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: no such host\n",
      ),
    ).toBe(
      "[dating.example.com] invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: no such host",
    );
    expect(why("cannot get ACME client get directory at 'https://ca/dir': connection refused")).toBe(
      "cannot get ACME client get directory at 'https://ca/dir': connection refused",
    );
  });

  test("is in no other line, and no broken line breaks the look", () => {
    expect(readReason('{"message":"Testing certificate renew..."}')).toEqual([]);
    expect(readReason("Unable to obtain ACME certificate, and no JSON")).toEqual([]);
  });

  test("is told with its time, and only of its own name", () => {
    const reasons = new Map<string, Reason>(readReason(line("x")));
    const missing = (host: string) => inWords({ host, wrong: `there is none for ${host}` }, reasons);
    expect(missing("dating.example.com")).toBe(
      "there is none for dating.example.com. Traefik said at 2026-11-27T19:00:00.000Z: x",
    );
    expect(missing("www.example.com")).toBe("there is none for www.example.com");
  });
});
