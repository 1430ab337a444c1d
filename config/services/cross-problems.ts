import { allOthers, botPaths, leadsTo, pathsOf, type Paths } from "./paths";
import type { Services, ServicesProblem } from "./parse";
import type { OwnService, Server } from "./schema";

/** What is right in each entry, and still cannot be: two that want one path, a program of nobody's image. */
export function crossProblems(services: Services): ServicesProblem[] {
  return Object.entries(services.own).flatMap(([name, service]) => [
    ...(service.kind === "server"
      ? [...variableProblems(name, service), ...routeProblems(services, name, service)]
      : ownerProblems(services, name, service.of)),
  ]);
}

function ownerProblems({ miniApp, own }: Services, name: string, of?: string): ServicesProblem[] {
  if (of === undefined ? miniApp : of === "bot" ? miniApp : own[of]?.kind === "server") return [];
  const servers = Object.keys(own).filter((other) => own[other]!.kind === "server");
  const there = [...(miniApp ? ["bot"] : []), ...servers];
  return [
    {
      key: `services.${name}.of`,
      problem:
        of === undefined
          ? "is missing, as there is no bot: it says whose image the program is of"
          : `is ${of}, which is no server: there ${there.length === 1 ? "is" : "are"} ${there.join(", ") || "none"}`,
      edit: `of: ${there[0] ?? "web"}`,
    },
  ];
}

function variableProblems(name: string, service: Server): ServicesProblem[] {
  const { environment = {}, secrets = [], database } = service;
  const given = [...Object.keys(environment), ...secrets];
  const twice = given.find((variable, place) => given.indexOf(variable) !== place);
  return [
    ...(twice
      ? [
          {
            key: `services.${name}.secrets`,
            problem: `has ${twice} a second time`,
            edit: `take one ${twice} out`,
          },
        ]
      : []),
    ...(database && given.includes("DATABASE_URL")
      ? [
          {
            key: `services.${name}.database`,
            problem: "gives it DATABASE_URL, which it has already",
            edit: "take DATABASE_URL out of environment and secrets",
          },
        ]
      : []),
  ];
}

function routeProblems({ miniApp, own }: Services, name: string, { route }: Server): ServicesProblem[] {
  if (!route) return [];
  const key = `services.${name}.route`;
  const paths = pathsOf(route.paths);
  const takesRest = route.paths.includes(allOthers);
  const others = Object.entries(own).filter(([other]) => other < name);
  const problems: ServicesProblem[] = [];
  if (takesRest && miniApp)
    problems.push({
      key: `${key}.paths`,
      problem: "has /, which is the web app's as long as miniApp is true",
      edit: `paths: [/${name}/]`,
    });
  for (const path of [...paths.prefixes, ...paths.exact]) {
    const owner = ownerOf(path, miniApp, others);
    if (owner)
      problems.push({
        key: `${key}.paths`,
        problem: `has ${path}, which is ${owner}'s`,
        edit: `paths: [/${name}/]`,
      });
  }
  const twoOfThem = others.find(([, other]) => takesRest && hasRest(other));
  if (twoOfThem)
    problems.push({
      key: `${key}.paths`,
      problem: `has /, which is ${twoOfThem[0]}'s`,
      edit: `paths: [/${name}/]`,
    });
  for (const [what, path] of Object.entries({ probe: route.probe, version: route.version })) {
    if (path !== undefined && !takesRest && !leadsTo(paths, path))
      problems.push({
        key: `${key}.${what}`,
        problem: `is ${path}, which is none of its paths`,
        edit: `${what}: ${paths.prefixes[0] ?? paths.exact[0]}`,
      });
  }
  return problems;
}

const hasRest = (service: OwnService) =>
  service.kind === "server" && service.route?.paths.includes(allOthers) === true;

function ownerOf(path: string, miniApp: boolean, others: [string, OwnService][]): string | undefined {
  const overlaps = (paths: Paths) =>
    leadsTo(paths, path) ||
    (path.endsWith("/") && [...paths.prefixes, ...paths.exact].some((p) => p.startsWith(path)));
  if (miniApp && overlaps(botPaths)) return "the bot";
  return others.find(
    ([, other]) => other.kind === "server" && other.route && overlaps(pathsOf(other.route.paths)),
  )?.[0];
}
