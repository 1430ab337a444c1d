import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";

import { parseConfig, edgeUrl } from "../../../config";
import { edgeProblems } from "../../../config/problems/edge";
import { keys } from "../../../config/keys";
import { ConfigurationError, type RawConfig } from "../../../config/problems";
import { certificateFor } from "../../support/certificate";

const valid: Record<string, string> = {
  domain: "dating.example.com",
  botToken: "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI",
  localImages: "true",
};

function raw(values: Record<string, string>, stack = "prod"): RawConfig {
  return {
    namespace: "dating",
    stack,
    values: { ...valid, ...values },
    secretKeys: new Set(["botToken", "tlsKey"]),
  };
}

/** Each problem as one line, with the command that mends it. */
function problemsOf(values: Record<string, string>, stack?: string): string[] {
  try {
    parseConfig(raw(values, stack));
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(({ key, problem, command }) => `${key} ${problem} | ${command}`);
  }
}

const set = (key: string, value: string) => `pulumi config set --stack prod dating:${key} '${value}'`;

describe("limits of the edge", () => {
  test("have defaults for photos that come slowly", () => {
    expect(parseConfig(raw({}))).toMatchObject({
      ...{ requestTimeout: 300, maxRequestBody: "20 MiB", maxRequestHeaders: "32 KiB" },
      ...{ rateLimit: 100, rateLimitBurst: 400, ipv6: true, aliases: {}, trustedProxies: [] },
    });
  });

  test.each([
    ["maxRequestBody", "5 MB", 'must be a whole number with its unit, as in "64 KiB" or "20 MiB"', "20 MiB"],
    ["maxRequestBody", "2 GiB", "must be from 1 KiB to 1 GiB", "20 MiB"],
    ["maxRequestHeaders", "1 KiB", "must be from 4 KiB to 1 MiB", "32 KiB"],
    ["requestTimeout", "5", "must be a whole number from 10 to 86400", "300"],
    ["rateLimit", "-1", "must be a whole number from 0 to 1000000", "100"],
    ["rateLimitBurst", "0", "must be a whole number from 1 to 1000000", "400"],
  ])("%s cannot be %s", (key, value, problem, example) => {
    expect(problemsOf({ [key]: value })).toEqual([`dating:${key} ${problem} | ${set(key, example)}`]);
  });
});

describe("further host names", () => {
  test("are served or lead to the domain", () => {
    const aliases = { "www.dating.example.com": "redirect", "app.example.com": "serve" };
    expect(parseConfig(raw({ aliases: JSON.stringify(aliases) })).aliases).toEqual(aliases);
  });

  test("are named in brackets in the command that mends them, as they have dots", () => {
    expect(problemsOf({ aliases: '{"www.example.com":"forward"}' })).toEqual([
      "dating:aliases.www.example.com must be serve or redirect | " +
        `pulumi config set --stack prod --path 'dating:aliases["www.example.com"]' 'redirect'`,
    ]);
    expect(problemsOf({ aliases: '{"WWW.example.com":"serve"}' })).toEqual([
      "dating:aliases.WWW.example.com must be a host name | " +
        `pulumi config rm --stack prod --path 'dating:aliases["WWW.example.com"]'`,
    ]);
  });

  test("are not the domain itself", () => {
    expect(problemsOf({ aliases: '{"dating.example.com":"serve"}' })).toEqual([
      "dating:aliases name dating.example.com, which is domain itself | " +
        `pulumi config rm --stack prod --path 'dating:aliases["dating.example.com"]'`,
    ]);
  });

  test("have parts that DNS can have", () => {
    expect(problemsOf({ domain: `${"a".repeat(64)}.example.com` })).toHaveLength(1);
    expect(problemsOf({ domain: `${"a".repeat(63)}.example.com` })).toEqual([]);
  });
});

describe("proxies before the edge", () => {
  test("are addresses and ranges of both families", () => {
    const trustedProxies = ["203.0.113.7", "203.0.113.0/24", "2001:db8::/32"];
    expect(parseConfig(raw({ trustedProxies: JSON.stringify(trustedProxies) })).trustedProxies).toEqual(
      trustedProxies,
    );
  });

  test.each([
    "203.0.113.0/33",
    "2001:db8::/129",
    "203.0.113/24",
    "proxy.example.com",
    "10.0.0.0/8/8",
    "10.0.0.0/",
  ])("%s is none", (range) => {
    expect(problemsOf({ trustedProxies: JSON.stringify([range]) })).toEqual([
      "dating:trustedProxies.0 must be an address or a range of addresses, as in 203.0.113.0/24 or 2001:db8::/32 | " +
        "pulumi config set --stack prod --path 'dating:trustedProxies[0]' '203.0.113.0/24'",
    ]);
  });

  test("are there where the PROXY protocol is", () => {
    expect(problemsOf({ proxyProtocol: "true" })).toEqual([
      "dating:trustedProxies is missing: proxyProtocol is about the proxies that it names | " +
        "pulumi config set --stack prod --path 'dating:trustedProxies[0]' '203.0.113.0/24'",
    ]);
  });
});

describe("a certificate from an authority is refused", () => {
  const off = "pulumi config set --stack prod dating:tls off";

  test.each([
    ["localhost", "which every machine takes for itself"],
    ["app.localhost", "which every machine takes for itself"],
    ["192.0.2.7", "an address, for which no certificate is issued by this way"],
    ["dating", "a name without a dot, for which no public authority issues"],
  ])("for %s", (domain, why) => {
    expect(problemsOf({ tls: "acme", domain })).toEqual([
      `dating:domain is ${domain}, ${why}; tls cannot be acme | ${off}`,
    ]);
  });

  test("for such an alias, too", () => {
    expect(problemsOf({ tls: "acme", aliases: '{"localhost":"serve"}' })).toEqual([
      `dating:aliases is localhost, which every machine takes for itself; tls cannot be acme | ${off}`,
    ]);
  });

  test("where Let's Encrypt finds nobody, and not where a proxy leads port 80 here", () => {
    const elsewhere = { tls: "acme", httpPort: "8080" };
    expect(problemsOf(elsewhere)).toEqual([
      "dating:httpPort is 8080, and Let's Encrypt asks on port 80 alone; set it to 80, or name the proxies that lead " +
        `port 80 here in trustedProxies | ${set("httpPort", "80")}`,
    ]);
    expect(problemsOf({ ...elsewhere, trustedProxies: '["10.0.0.1"]' })).toEqual([]);
    expect(problemsOf({ ...elsewhere, acmeServer: "https://ca.internal/acme", domain: "dating" })).toEqual(
      [],
    );
  });
});

describe("a certificate of one's own", () => {
  const own = certificateFor(["dating.example.com", "*.example.org"]);
  const files = { tls: "files", tlsCertificate: own.certificate, tlsKey: own.key };
  const again = "pulumi config set --stack prod dating:tlsCertificate <certificate.pem";
  const keyAgain = "pulumi config set --stack prod --secret dating:tlsKey <key.pem";

  test("is taken with the others that lead to its authority, and makes the address https", () => {
    const config = parseConfig(raw({ ...files, tlsCertificate: own.certificate + own.certificate }));
    expect(edgeUrl(config)).toBe("https://dating.example.com");
  });

  test("needs both parts", () => {
    expect(problemsOf({ tls: "files" })).toEqual([
      `dating:tlsCertificate is missing, and tls is files | ${again}`,
      `dating:tlsKey is missing, and tls is files | ${keyAgain}`,
    ]);
  });

  test("has its key", () => {
    const { key } = certificateFor(["dating.example.com"]);
    expect(problemsOf({ ...files, tlsKey: key })).toEqual([
      `dating:tlsKey is not the key of tlsCertificate | ${keyAgain}`,
    ]);
  });

  test("covers every host name", () => {
    const aliases = JSON.stringify({ "www.example.org": "serve", "www.dating.example.com": "redirect" });
    expect(problemsOf({ ...files, aliases })).toEqual([
      `dating:tlsCertificate does not cover www.dating.example.com | ${again}`,
    ]);
  });

  test("is valid today", () => {
    const values = {
      ...keys.parse({ ...valid, ...files }),
      tlsCertificate: own.certificate,
      tlsKey: own.key,
    };
    const problemOn = (day: string) =>
      edgeProblems(raw(files), values, new Date(day)).map(({ problem }) => problem);
    const { validToDate, validFromDate } = new X509Certificate(own.certificate);
    const [from, to] = [validFromDate, validToDate].map((date) => date.toISOString().slice(0, 10));
    expect(problemOn("2100-01-01")).toEqual([`has expired on ${to}`]);
    expect(problemOn("2000-01-01")).toEqual([`is valid from ${from} on only`]);
    expect(problemOn(new Date().toISOString())).toEqual([]);
  });

  test("never shows its key in a message", () => {
    expect(problemsOf({ ...files, tlsKey: `${own.key}x` }).join()).not.toContain(own.key.slice(40, 80));
    expect(createPublicKey(createPrivateKey(own.key)).asymmetricKeyType).toBe("ec");
  });
});

describe("a stack's name", () => {
  test.each([
    ["eu.prod", "has other characters than letters, digits, dash and underscore", "eu-prod"],
    ["prod-", "must begin and end with a letter or a digit", "prod"],
    ["x".repeat(39), "is longer than 38 characters", "x".repeat(38)],
  ])("%s is refused, as no route or no name could be made of it", (stack, problem, right) => {
    const [first, ...others] = problemsOf({}, stack);
    expect(first).toContain(`The stack's name ${stack} ${problem}`);
    expect(first).toContain(`| pulumi stack rename --stack ${stack} ${right}`);
    expect(others).toEqual([]);
  });

  test.each(["prod", "eu-prod", "preview_test-12345-abcdef", "x".repeat(38), "7"])("%s is taken", (stack) => {
    expect(problemsOf({}, stack)).toEqual([]);
  });
});

test("ports that two services would have are refused", () => {
  expect(problemsOf({ monitoring: "true", httpPort: "3000" })).toEqual([
    `dating:httpPort is 3000, and so is grafanaPort; each service has a port of its own | ${set("httpPort", "80")}`,
  ]);
  expect(problemsOf({ httpPort: "3000" })).toEqual([]);
});
