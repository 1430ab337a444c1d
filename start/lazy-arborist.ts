/*
 * Pulumi's SDK loads npm's own dependency solver, with its client for registries and signatures, when it is loaded, and uses
 * it only to pack functions into archives, which no program of Docker resources does: a twentieth of the time of an
 * unchanged preview. Here it is loaded when it is first used.
 */
/** What Node.js calls for every `require`; not a part of its declarations. */
const loader = process.getBuiltinModule("node:module") as unknown as {
  _load: (this: void, request: string, ...rest: unknown[]) => unknown;
};
const load = loader._load;

loader._load = (request, ...rest) =>
  request === "@npmcli/arborist" ? lazily(() => load(request, ...rest) as object) : load(request, ...rest);

/** A stand-in for a module, which the SDK takes for one that needs no conversion and so does not look into. */
function lazily(module: () => object): object {
  return new Proxy(
    { __esModule: true },
    { get: (_, name): unknown => name === "__esModule" || Reflect.get(module(), name) },
  );
}
