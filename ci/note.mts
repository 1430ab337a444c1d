#!/usr/bin/env node
// Writes a summary below a merge request of GitLab, or updates the one that is there: the file's first line is what it is found by.
//   node ci/note.mts MERGE-REQUEST FILE
// GITLAB_TOKEN is a project's access token with the scope `api`: the token of a job may write no notes.
import { readFileSync } from "node:fs";

interface Note {
  id: number;
  body: string;
  author: { username: string };
}

const [request, file] = process.argv.slice(2);
const { CI_API_V4_URL: api, CI_PROJECT_ID: project, GITLAB_TOKEN: token } = process.env;
if (!request || !file) fail("usage: node ci/note.mts MERGE-REQUEST FILE");
if (!api || !project) fail("CI_API_V4_URL and CI_PROJECT_ID are missing: GitLab's runner sets them");
if (!token) fail("set GITLAB_TOKEN to an access token of the project with the scope `api`");

const body = readFileSync(file, "utf8");
const marker = body.slice(0, body.indexOf("\n"));
const notes = `/projects/${project}/merge_requests/${request}/notes`;
const { username } = await ask<{ username: string }>("GET", "/user");

// Only a note of one's own: anybody may write one that begins with the same line.
const id = await find(({ author, body: text }) => author.username === username && text.startsWith(marker));
await (id === undefined ? ask("POST", notes, { body }) : ask("PUT", `${notes}/${id}`, { body }));

async function find(right: (note: Note) => boolean): Promise<number | undefined> {
  for (let page = 1; ; page++) {
    const all = await ask<Note[]>("GET", `${notes}?per_page=100&page=${page}`);
    const found = all.find(right);
    if (found || all.length < 100) return found?.id;
  }
}

async function ask<T>(method: string, path: string, content?: object): Promise<T> {
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: { "PRIVATE-TOKEN": token!, "content-type": "application/json" },
    body: content && JSON.stringify(content),
    signal: AbortSignal.timeout(60_000),
  });
  if (!answer.ok) fail(`GitLab answers ${answer.status} to ${method} ${path}`);
  return (await answer.json()) as T;
}

function fail(why: string): never {
  console.error(`ci/note: ${why}`);
  process.exit(1);
}
