/**
 * Leads from one place to another, given in pairs: a socket in the file system, which every network namespace sees, or a
 * port on loopback of its own one. A program for Node.js. In processes of their own, as a test may wait for a command and do nothing else.
 */
export const forwarder = `
  const { connect, createServer } = require("node:net");
  const at = (place) => place.startsWith("/") ? { path: place } : { port: Number(place), host: "127.0.0.1" };
  for (const pair of process.argv.slice(1)) {
    const [from, to] = pair.split("=");
    createServer((client) => {
      const other = connect(at(to));
      client.on("error", () => other.destroy()).on("close", () => other.destroy());
      other.on("error", () => client.destroy()).on("close", () => client.destroy());
      client.pipe(other).pipe(client);
    }).listen(at(from));
  }
`;
