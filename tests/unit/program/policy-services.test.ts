import { serviceRules } from "../../../policy/services";

const containerSpec = {
  image: `example.com/dating/bot:1.0.0@sha256:${"0".repeat(64)}`,
  env: { API_PORT: "8080", PASSWORD_FILE: "/run/secrets/x" },
  capDrops: ["ALL"],
  healthcheck: { tests: ["CMD-SHELL", "true"] },
  mounts: [{ type: "tmpfs" }, { type: "volume", source: "dating-prod_photo_storage" }],
};
const taskSpec = {
  containerSpec,
  resources: { limits: { memoryBytes: 64 } },
  placement: { constraints: ["node.labels.dating-prod.data==yes"] },
  logDriver: { name: "json-file", options: { "max-size": "10m", "max-file": "3" } },
};
const service = {
  taskSpec,
  endpointSpec: { mode: "dnsrr", ports: [{ publishMode: "host" }] },
  updateConfig: { failureAction: "rollback" },
};

const broken = (props: object) =>
  serviceRules
    .filter(
      ({ violations }) =>
        violations({ stack: "prod", name: "subject", protect: false, props: { ...props } }).length > 0,
    )
    .map(({ name }) => name.replace("swarm-", ""));
const inContainer = (more: object) => ({
  ...service,
  taskSpec: { ...taskSpec, containerSpec: { ...containerSpec, ...more } },
});

test("a Swarm service that keeps to everything breaks no rule", () => {
  expect(broken(service)).toEqual([]);
});

test.each<[string, string, object]>([
  ["no health check", "health-check", inContainer({ healthcheck: undefined })],
  [
    "an update that stops where it fails",
    "rollback",
    { ...service, updateConfig: { failureAction: "pause" } },
  ],
  [
    "no log options",
    "log-rotation",
    { ...service, taskSpec: { ...taskSpec, logDriver: { name: "json-file" } } },
  ],
  ["no memory limit", "memory-limit", { ...service, taskSpec: { ...taskSpec, resources: {} } }],
  ["Docker's own capabilities", "capabilities", inContainer({ capDrops: [] })],
  ["a capability too many", "capabilities", inContainer({ capAdds: ["CAP_SYS_ADMIN"] })],
  ["a volume on any node", "bound-volume", { ...service, taskSpec: { ...taskSpec, placement: {} } }],
  ["a virtual address", "no-virtual-address", { ...service, endpointSpec: { mode: "vip" } }],
  [
    "the ingress mesh",
    "no-virtual-address",
    { ...service, endpointSpec: { mode: "dnsrr", ports: [{ publishMode: "ingress" }] } },
  ],
  ["a secret in its environment", "no-secret-in-environment", inContainer({ env: { BOT_TOKEN: "x" } })],
  ["a tag", "pinned-image", inContainer({ image: "example.com/bot:1" })],
])("one with %s breaks a rule", (_, name, props) => {
  expect(broken(props)).toEqual([name]);
});
