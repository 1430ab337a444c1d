// Loads the pack with tsx: the engine's own loader checks types at every start, which takes longer than a preview.
require("tsx/cjs");
require("./index.ts");
