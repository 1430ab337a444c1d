import { above, limitOptions, limitRoutes, type EdgeLimits } from "../../../components/edge/limits";
import { merged } from "../../../components/edge/dynamic";
import { hostRule, redirects } from "../../../components/edge/hosts";

const limits: EdgeLimits = {
  ...{ requestSeconds: 300, bodyBytes: 20 * 1024 ** 2, headerBytes: 32 * 1024 },
  ...{ rate: { average: 100, burst: 400 }, proxies: [], proxiesSay: "X-Forwarded-For" },
};
const uploads = [{ rule: "Host(`a`)", service: "a@docker" }];

test.each([1, 9, 10, 99, 1024, 20_971_520, 999_999, 1_000_000, 1_073_741_824])(
  "a number above %d is told from one that is not",
  (limit) => {
    const expression = new RegExp(above(limit));
    const near = [-2, -1, 0, 1, 2].map((step) => limit + step).filter((number) => number >= 0);
    const far = [0, 1, 5, limit * 9, limit * 10, limit * 11, Math.floor(limit / 10)];
    for (const number of [...near, ...far]) {
      expect([number, expression.test(String(number))]).toEqual([number, number > limit]);
      // Leading zeros make no number smaller.
      expect([number, expression.test(`00${number}`)]).toEqual([number, number > limit]);
    }
  },
);

test("who counts as one client follows how it is known", () => {
  const criterion = (given: Partial<EdgeLimits>) => {
    const { http } = limitRoutes("web", { ...limits, ...given }, uploads);
    return (http?.middlewares?.["rate-limit"] as { rateLimit: { sourceCriterion: unknown } }).rateLimit
      .sourceCriterion;
  };
  expect(criterion({})).toEqual({ ipStrategy: { ipv6Subnet: 64 } });
  expect(criterion({ proxies: ["10.0.0.0/8"] })).toEqual({ ipStrategy: { excludedIPs: ["10.0.0.0/8"] } });
  // With the PROXY protocol the connection itself says who asks.
  expect(criterion({ proxies: ["10.0.0.0/8"], proxiesSay: "PROXY protocol" })).toEqual({
    ipStrategy: { ipv6Subnet: 64 },
  });
});

test("proxies are believed in the one way that was configured, and nobody without", () => {
  const told = (given: Partial<EdgeLimits>) =>
    limitOptions("web", { ...limits, ...given }, true).filter((option) => option.includes("trustedips"));
  const proxies = ["10.0.0.0/8", "2001:db8::1"];
  expect(told({})).toEqual([]);
  expect(told({ proxies })).toEqual(["--entrypoints.web.forwardedheaders.trustedips=10.0.0.0/8,2001:db8::1"]);
  expect(told({ proxies, proxiesSay: "PROXY protocol" })).toEqual([
    "--entrypoints.web.proxyprotocol.trustedips=10.0.0.0/8,2001:db8::1",
  ]);
});

test("without a limit of the rate there is no middleware, and no entry point that asks for one", () => {
  const none = { ...limits, rate: undefined };
  expect(limitOptions("web", none, true).join()).not.toContain("middlewares");
  expect(limitRoutes("web", none, uploads).http?.middlewares).not.toHaveProperty("rate-limit");
  expect(limitOptions("web", limits, true)).toContain("--entrypoints.web.http.middlewares=rate-limit@file");
  // Where HTTP only leads to HTTPS, it is limited there.
  expect(limitOptions("web", limits, false).join()).not.toContain("middlewares");
});

test("the parts of Traefik's file have nothing that is empty, and nothing that begins a template", () => {
  const file = merged([limitRoutes("web", limits, uploads), redirects("web", ["www.a"], "http://a"), {}]);
  expect(Object.keys(file.http?.routers ?? {})).toEqual(["body-too-big", "body-of-unknown-size", "alias"]);
  expect(file.http).not.toHaveProperty("services");
  expect(file).not.toHaveProperty("tls");
  expect(JSON.stringify(file)).not.toContain("{{");
});

test("one host name needs no brackets, more do", () => {
  expect(hostRule(["a"])).toBe("Host(`a`)");
  expect(hostRule(["a", "b"])).toBe("(Host(`a`) || Host(`b`))");
});
