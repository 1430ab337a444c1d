import { whoAmI } from "../host/marks/holder";

/** What is told of a deploy. */
export interface Notice {
  stack: string;
  event: "started" | "done" | "failed";
  /** Who deploys: of a pipeline who started it, else the user and the machine. */
  by: string;
  /** The pipeline's run, where it is one. */
  link?: string;
}

/** Milliseconds that whoever is told may take to answer: a deploy waits that long at most, at its begin and at its end. */
const patience = 10_000;

/**
 * Does something, and tells before and after it who is at work: a webhook (`DEPLOY_WEBHOOK_URL`, JSON with `text` and what is in
 * {@link Notice}), and a chat of Telegram (`DEPLOY_CHAT_ID`, by the bot of `DEPLOY_BOT_TOKEN`). Where nobody can be told, a deploy goes on.
 *
 * @throws as the action does
 */
export async function announced<T>(
  stack: string,
  action: () => Promise<T> | T,
  env = process.env,
): Promise<T> {
  const about = { stack, by: who(env), link: linkIn(env) };
  await tell({ ...about, event: "started" }, env);
  let event: Notice["event"] = "failed";
  try {
    const result = await action();
    event = "done";
    return result;
  } finally {
    await tell({ ...about, event }, env);
  }
}

function who({ GITHUB_ACTOR, GITLAB_USER_LOGIN }: NodeJS.ProcessEnv): string {
  return GITHUB_ACTOR || GITLAB_USER_LOGIN || whoAmI();
}

function linkIn({
  GITHUB_SERVER_URL,
  GITHUB_REPOSITORY,
  GITHUB_RUN_ID,
  CI_JOB_URL,
}: NodeJS.ProcessEnv): string | undefined {
  if (GITHUB_RUN_ID) return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
  return CI_JOB_URL || undefined;
}

/** A notice as people read it. */
export function noticeInWords({ stack, event, by, link }: Notice): string {
  const what = { started: "is being deployed", done: "was deployed", failed: "could not be deployed" }[event];
  return `${stack} ${what} by ${by}${link ? `: ${link}` : ""}`;
}

async function tell(notice: Notice, env: NodeJS.ProcessEnv): Promise<void> {
  const { DEPLOY_WEBHOOK_URL: webhook, DEPLOY_CHAT_ID: chat, DEPLOY_BOT_TOKEN: token } = env;
  const text = noticeInWords(notice);
  const api = env.DEPLOY_TELEGRAM_URL || "https://api.telegram.org";
  await Promise.all([
    webhook && send("the webhook", webhook, { text, ...notice }),
    chat && token && send("Telegram", `${api}/bot${token}/sendMessage`, { chat_id: chat, text }),
  ]);
}

/** Its address is a secret, and in no message. */
async function send(name: string, url: string, body: object): Promise<void> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
    if (!answer.ok) console.error(`Nobody was told of the deploy: ${name} answers ${answer.status}`);
  } catch (error) {
    const { name: kind } = error as Error;
    console.error(
      `Nobody was told of the deploy: ${name} ${kind === "TimeoutError" ? "does not answer" : "cannot be reached"}`,
    );
  }
}
