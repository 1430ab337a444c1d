import { main } from "./run";

// Who reads no more, as `head`, ends nothing: what a command has begun goes on.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

void main(process.argv.slice(2));
