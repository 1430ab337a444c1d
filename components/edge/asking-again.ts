/*
 * Traefik asks for a certificate that it lacks when its configuration changes, and at no other time: a stack that was deployed
 * before its name led to the host would have none until somebody deploys again. So a part of the configuration that nothing
 * uses gets another name from time to time. HAProxy, which is there in any case, serves it; Traefik's HTTP provider reads it.
 */

/** Seconds after which it is asked again: Let's Encrypt lets a host name fail five times an hour, and releases ask, too. */
const seconds = 20 * 60;

const port = 8380;

/** HAProxy's part. Its JSON is YAML, and the name of the middleware the number of the period. */
export const askingAgainFrontend = `frontend asking-again
  bind :${port}
  maxconn 16
  http-request return status 200 content-type application/json lf-string '{"http":{"middlewares":{"asking-again-%[date,div(${seconds})]":{"headers":{"contentTypeNosniff":true}}}}}'
`;

/** Traefik's options. @param proxy HAProxy's host name */
export function askingAgainOptions(proxy: string): string[] {
  return [
    `--providers.http.endpoint=http://${proxy}:${port}/`,
    `--providers.http.pollinterval=${Math.min(60, seconds / 2)}s`,
  ];
}
