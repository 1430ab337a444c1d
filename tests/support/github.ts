import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Comment {
  id: number;
  issue: number;
  login: string;
  body: string;
}

export interface Issue {
  number: number;
  title: string;
  body: string;
  state: "open" | "closed";
}

export interface Pull {
  number: number;
  head: string;
  base: string;
  title: string;
  body: string;
}

type Answer = [status: number, body: unknown];

/**
 * Stands in for GitHub's API, as far as the commands of ci/ ask it: comments, issues, pull requests, and the start of a workflow, all in
 * memory. It is not GitHub: it checks no rights, and knows one repository. What it does not know is an error, and is kept.
 */
export class GitHubStandIn {
  readonly comments: Comment[] = [];
  readonly issues: Issue[] = [];
  readonly pulls: Pull[] = [];
  /** The workflows that were started by name, with their inputs. */
  readonly started: { workflow: string; ref: string; inputs: Record<string, string> }[] = [];
  /** What it was asked and does not know. */
  readonly unknown: string[] = [];
  private numbers = 100;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<GitHubStandIn> {
    const server = createServer();
    const github = new GitHubStandIn(server);
    server.on("request", (request, response) => {
      void bodyOf(request).then((body) => {
        const [status, said] = github.answer(request, body);
        response.writeHead(status, { "content-type": "application/json", server: "stand-in for GitHub" });
        response.end(status === 204 ? undefined : JSON.stringify(said));
      });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return github;
  }

  /** An address for who takes it for a proxy: GitHub's command line has no other way to a server without TLS. */
  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A comment that somebody else has written. */
  comment(issue: number, login: string, body: string): void {
    this.comments.push({ id: this.next(), issue, login, body });
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private next(): number {
    return (this.numbers += 1);
  }

  private answer({ method = "", url = "" }: IncomingMessage, body: Record<string, unknown>): Answer {
    const { pathname, searchParams } = new URL(url, "http://api.github.localhost");
    const path =
      /^\/repos\/acme\/dating(\/.*)?$/.exec(pathname)?.[1] ??
      (pathname === "/repos/acme/dating" ? "" : undefined);
    for (const [wanted, pattern, handler] of this.routes()) {
      const match = path !== undefined && wanted === method ? pattern.exec(path) : null;
      if (match) return handler(match.slice(1), body, searchParams);
    }
    this.unknown.push(`${method} ${url}`);
    return [404, { message: "the stand-in for GitHub does not know this" }];
  }

  private routes(): [
    string,
    RegExp,
    (parts: string[], body: Record<string, unknown>, query: URLSearchParams) => Answer,
  ][] {
    const text = (value: unknown) => (typeof value === "string" ? value : "");
    const shown = ({ login, ...comment }: Comment) => ({ ...comment, user: { login } });
    return [
      ["GET", /^$/, () => [200, { default_branch: "main" }]],
      [
        "GET",
        /^\/issues\/(\d+)\/comments$/,
        ([issue]) => [200, this.comments.filter((comment) => comment.issue === Number(issue)).map(shown)],
      ],
      [
        "POST",
        /^\/issues\/(\d+)\/comments$/,
        ([issue], { body }) => {
          this.comment(Number(issue), "github-actions[bot]", text(body));
          return [201, {}];
        },
      ],
      [
        "PATCH",
        /^\/issues\/comments\/(\d+)$/,
        ([id], { body }) => {
          const found = this.comments.find((comment) => comment.id === Number(id));
          if (!found) return [404, {}];
          found.body = text(body);
          return [200, {}];
        },
      ],
      [
        "GET",
        /^\/issues$/,
        (_, __, query) => [200, this.issues.filter(({ state }) => state === query.get("state"))],
      ],
      [
        "POST",
        /^\/issues$/,
        (_, { title, body }) => {
          const number = this.next();
          this.issues.push({ number, title: text(title), body: text(body), state: "open" });
          return [201, { number, html_url: `https://github.localhost/acme/dating/issues/${number}` }];
        },
      ],
      [
        "PATCH",
        /^\/issues\/(\d+)$/,
        ([number], change) => {
          const found = this.issues.find((issue) => issue.number === Number(number));
          if (!found) return [404, {}];
          Object.assign(found, change);
          return [200, {}];
        },
      ],
      [
        "GET",
        /^\/pulls$/,
        (_, __, query) => [200, this.pulls.filter(({ head }) => `acme:${head}` === query.get("head"))],
      ],
      [
        "POST",
        /^\/pulls$/,
        (_, { head, base, title, body }) => {
          const pull = {
            number: this.next(),
            head: text(head),
            base: text(base),
            title: text(title),
            body: text(body),
          };
          this.pulls.push(pull);
          return [201, pull];
        },
      ],
      [
        "POST",
        /^\/actions\/workflows\/([\w.-]+)\/dispatches$/,
        ([workflow], { ref, inputs }) => {
          this.started.push({
            workflow: workflow!,
            ref: text(ref),
            inputs: inputs as Record<string, string>,
          });
          return [204, undefined];
        },
      ],
    ];
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString("utf8");
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}
