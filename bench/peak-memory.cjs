// Loaded into the program's process: writes the most memory that it had, in KiB.
const { appendFileSync } = require("node:fs");
if (process.argv[1]?.includes("pulumi/cmd/run"))
  process.once("exit", () => appendFileSync(process.env.PEAK_FILE, `${process.resourceUsage().maxRSS}\n`));
