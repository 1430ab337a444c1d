import { readFileSync } from "node:fs";
import { join } from "node:path";

import { cisChecks } from "../../../policy/cis";
import { containerRules } from "../../../policy/containers";
import type { Rule, Subject } from "../../../policy/rule";
import { missingVolumes, storageRules } from "../../../policy/storage";
import { cisTable } from "../../../policy/table";
import { isWaived, waivers } from "../../../policy/waivers";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

/** A container that keeps every rule. */
const container = {
  image: `example.com/dating/bot:1.0.0@${digest}`,
  capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] },
  envs: [
    "API_PORT=8080",
    "PASSWORD_FILE=/run/secrets/x",
    "URL=https://example.com:443/a@b",
    "DB=pg://me@db/x",
  ],
  healthcheck: { tests: ["CMD-SHELL", "true"] },
  labels: [{ label: "dating.service", value: "webapp" }],
  logDriver: "json-file",
  logOpts: { "max-file": "3", "max-size": "10m" },
  memory: 64,
  memorySwap: 64,
  networksAdvanced: [{ name: "dating-prod-edge" }],
  ports: [{ internal: 80, external: 8080, ip: "127.0.0.1" }],
  readOnly: true,
  restart: "unless-stopped",
  securityOpts: ["no-new-privileges:true"],
  ulimits: [{ name: "nproc", soft: 1024, hard: 1024 }],
  user: "10001:10001",
  volumes: [{ volumeName: "dating-prod_photo_storage", containerPath: "/app/photos" }],
};

const subject = (props: object, more: Partial<Subject> = {}): Subject => ({
  stack: "prod",
  name: "subject",
  protect: false,
  props: { ...container, ...props },
  ...more,
});

const broken = (rules: Rule[], what: Subject) =>
  rules.filter((rule) => rule.violations(what).length > 0).map(({ name }) => name);

test("a container that keeps to everything breaks no rule", () => {
  expect(broken(containerRules, subject({}))).toEqual([]);
});

const socket = "/var/run/docker.sock";
const cases: [string, string[], object][] = [
  ["no health check", ["health-check"], { healthcheck: undefined }],
  ["a health check that is turned off", ["health-check"], { healthcheck: { tests: ["NONE"] } }],
  ["no log options", ["log-rotation"], { logOpts: undefined }],
  ["a log that never ends", ["log-rotation"], { logOpts: { "max-file": "3" } }],
  ["another log driver", ["log-rotation"], { logDriver: "syslog" }],
  ["no memory limit", ["memory-limit"], { memory: undefined }],
  ["swap", ["memory-limit"], { memorySwap: 128 }],
  ["no restart", ["restart"], { restart: "no" }],
  ["no process limit", ["process-limit"], { ulimits: [{ name: "nofile", soft: 1, hard: 1 }] }],
  ["Docker's capabilities", ["capabilities"], { capabilities: undefined }],
  ["a capability too many", ["capabilities"], { capabilities: { drops: ["ALL"], adds: ["CAP_SYS_ADMIN"] } }],
  ["new privileges", ["no-new-privileges"], { securityOpts: [] }],
  ["privileged", ["not-privileged"], { privileged: true }],
  ["a device", ["not-privileged"], { devices: [{ hostPath: "/dev/kvm" }] }],
  ["root", ["non-root"], { user: "root" }],
  ["root by number", ["non-root"], { user: "0:1000" }],
  ["a writable root", ["read-only-file-system"], { readOnly: false }],
  ["the host's network", ["no-host-namespace"], { networkMode: "host" }],
  ["the host's processes", ["no-host-namespace"], { pidMode: "host" }],
  ["the host's IPC", ["no-host-namespace"], { ipcMode: "host" }],
  ["the host's users", ["user-namespace"], { usernsMode: "host" }],
  ["no network of its own", ["own-networks"], { networksAdvanced: undefined }],
  ["no seccomp", ["default-confinement"], { securityOpts: ["no-new-privileges:true", "seccomp=unconfined"] }],
  ["no SELinux", ["selinux-label"], { securityOpts: ["no-new-privileges:true", "label:disable"] }],
  ["the socket", ["no-docker-socket", "no-host-path"], { volumes: [{ hostPath: socket, readOnly: true }] }],
  ["a path of the host", ["no-host-path"], { volumes: [{ hostPath: "/etc", readOnly: true }] }],
  ["a writable path", ["no-host-path", "read-only-host-path"], { volumes: [{ hostPath: "/srv" }] }],
  ["a port for everyone", ["no-published-port"], { ports: [{ internal: 80, external: 80, ip: "0.0.0.0" }] }],
  ["a port without address", ["no-published-port"], { ports: [{ internal: 80, external: 80 }] }],
  ["a password", ["no-secret-in-environment"], { envs: ["DB_PASSWORD=x"] }],
  ["a token", ["no-secret-in-environment"], { envs: ["BOT_TOKEN=x"] }],
  [
    "an address with a password",
    ["no-secret-in-environment"],
    { envs: ["DB=postgres://me:secret@db/dating"] },
  ],
  ["a tag", ["pinned-image"], { image: "postgres:15" }],
  ["an image built here", ["pinned-image"], { image: "dating-mini-app/bot:842f49121c14" }],
];

test.each(cases)("%s breaks %j", (_, rules, props) => {
  expect(broken(containerRules, subject(props))).toEqual(rules);
});

test("a root file system may be written where a label says why", () => {
  const labels = [{ label: "dating.writable-because", value: "it gets a file" }];
  expect(broken(containerRules, subject({ readOnly: false, labels }))).toEqual([]);
});

test("each rule on containers is broken by one of these", () => {
  const covered = new Set(cases.flatMap(([, rules]) => rules));
  expect(containerRules.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
});

test("what development builds may run there, and nothing else that can change", () => {
  const dev = (image: string) => broken(containerRules, subject({ image }, { stack: "dev" }));
  expect(dev("dating-mini-app/bot:842f49121c14")).toEqual([]);
  expect(dev("dating-mini-app/postgres-15:842f49121c14")).toEqual([]);
  expect(dev("dating-mini-app/bot:latest")).toEqual(["pinned-image"]);
  expect(dev("postgres:15")).toEqual(["pinned-image"]);
});

test("a data volume is protected, and only the edge's network has a way out", () => {
  const volume = storageRules.filter(({ type }) => type.includes("volume"));
  const network = storageRules.filter(({ type }) => type.includes("network"));
  expect(broken(volume, subject({}, { protect: true }))).toEqual([]);
  expect(broken(volume, subject({}))).toEqual(["protected-volume"]);
  const scratch = [{ label: "dating.scratch", value: "backup-verifier" }];
  expect(broken(volume, subject({ labels: scratch }))).toEqual([]);
  expect(broken(network, subject({ internal: true }))).toEqual([]);
  expect(broken(network, subject({ internal: false }, { name: "edge-network" }))).toEqual([]);
  expect(broken(network, subject({ internal: false }, { name: "other-network" }))).toEqual([
    "internal-network",
  ]);
});

test("a volume that has left the stack is missed", () => {
  expect(missingVolumes(["a", "b"], ["b", "a", "c"])).toEqual([]);
  expect(missingVolumes(["a", "b"], ["a"])).toEqual(["b"]);
});

test("a waiver is for one rule and one service, and names a rule that there is", () => {
  const rules = containerRules.map(({ name }) => name);
  const waived = (rule: string, labels: Record<string, string>) => isWaived(rule, (name) => labels[name]);
  for (const { rule, service, label } of waivers) {
    expect(rules).toContain(rule);
    expect(waived(rule, { "dating.service": service, ...(label && { [label]: "" }) })).toBe(true);
    expect(waived(rule, { "dating.service": service })).toBe(label === undefined);
  }
  expect(waived("no-docker-socket", { "dating.service": "traefik" })).toBe(false);
  expect(waived("no-docker-socket", {})).toBe(false);
  expect(waived("non-root", { "dating.service": "backup" })).toBe(false);
});

test("each check of the benchmark's section 5 is there once, and names a rule that there is", () => {
  expect(cisChecks.map(({ id }) => id)).toEqual(Array.from({ length: 32 }, (_, index) => `5.${index + 1}`));
  const rules = containerRules.map(({ name }) => name);
  for (const check of cisChecks) if ("rule" in check) expect(rules).toContain(check.rule);
});

test("docs/reference/hardening.md has the table of the benchmark", () => {
  expect(readFileSync(join(__dirname, "../../../docs/reference/hardening.md"), "utf8")).toContain(cisTable());
});
