import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";

import type { Config } from "../../config";
import { stackPrefix, type StackContext } from "../context";
import { webPort } from "./ports";
import { resolver } from "./tls";
import { hostRule } from "./hosts";

/** Label of an edge to which another stack's edge leads: the prefix of that stack. */
const behindLabel = "dating.behind";

/** The network on which the edge of a stack reaches those behind it, by the stack's prefix. Nothing else is on it. */
export const frontNetwork = (prefix: string) => `${prefix}-previews`;

/** The name with which people log in where there is a password. */
export const visitor = "preview";

/** An edge that people reach through another stack's. */
export interface Front {
  /** Prefix of the stack whose edge comes first. */
  prefix: string;
  /** How that edge serves. */
  tls: Config["behindTls"];
  /** @default everybody is let in */
  password?: pulumi.Output<string>;
}

/** What a stack's configuration says of an edge before its own; undefined where people come to its own. */
export function frontOf({ behind, behindTls, password }: Config): Front | undefined {
  if (behind === undefined) return undefined;
  return { prefix: `${pulumi.getProject()}-${behind}`, tls: behindTls, password };
}

/**
 * Which containers the edge looks at: its stack's own, but not itself, which is a service of the edge before it; and the edges
 * that are behind it.
 */
export function constraintOf(front: Front | undefined, serves: boolean): string {
  const own = `Label(\`dating.stack\`, \`${stackPrefix()}\`)`;
  if (front) return `${own} && !Label(\`${behindLabel}\`, \`${front.prefix}\`)`;
  return serves ? `${own} || Label(\`${behindLabel}\`, \`${stackPrefix()}\`)` : own;
}

/**
 * The labels by which the edge before finds this one. A request with a token of the application's own is the application's to
 * judge: a browser sends one Authorization header, and where a page sets it, the password is not in it.
 */
export function frontLabels(
  { prefix, hosts }: StackContext,
  front: Front,
): Record<string, pulumi.Input<string>> {
  const { password, tls } = front;
  const rule = hostRule(hosts);
  const routers = {
    [prefix]: { rule, middlewares: password && `${prefix}-password` },
    ...(password && {
      [`${prefix}-token`]: { rule: `${rule} && HeaderRegexp(\`Authorization\`, \`^(Bearer|tma) \`)` },
    }),
  } as Record<string, { rule: string; middlewares?: string }>;
  return {
    [behindLabel]: front.prefix,
    "traefik.enable": "true",
    "traefik.docker.network": frontNetwork(front.prefix),
    [`traefik.http.services.${prefix}.loadbalancer.server.port`]: String(webPort),
    ...(password && {
      [`traefik.http.middlewares.${prefix}-password.basicauth.users`]: password.apply(userLine),
    }),
    ...Object.fromEntries(
      Object.entries(routers).flatMap(([name, router]) => routerLabels(name, router, tls, prefix)),
    ),
  };
}

function routerLabels(
  name: string,
  { rule, middlewares }: { rule: string; middlewares?: string },
  tls: Front["tls"],
  service: string,
): [string, string][] {
  const router = `traefik.http.routers.${name}`;
  return [
    [`${router}.rule`, rule],
    [`${router}.service`, service],
    [`${router}.entrypoints`, tls === "off" ? "web" : "websecure"],
    ...(middlewares ? [[`${router}.middlewares`, middlewares] as [string, string]] : []),
    ...(tls === "acme" ? [[`${router}.tls.certresolver`, resolver] as [string, string]] : []),
  ];
}

/**
 * A user with a password as Traefik takes it. Of its formats, this one is the same each time and needs no library; the password
 * has sixteen characters at least, and who may read the label is root on the host.
 */
function userLine(password: string): string {
  return `${visitor}:{SHA}${createHash("sha1").update(password).digest("base64")}`;
}
