import type { StackContext } from "../context";
import type { Networks } from "../networks";

/** What every log collector is made with. It asks the Docker Engine through the filtering proxy, and reads no file of the host. */
export interface LogCollectorArgs<Configuration> {
  context: StackContext;
  /** Image with the contract of the official one. */
  image: string;
  configuration: Configuration;
  /** The socket proxy's network for the Docker Engine's API, monitoring's for Loki. */
  networks: Networks;
}

/**
 * Where a collector notes how far it has read each log. It notes a line before Loki has it, so a note that outlived a stop
 * would leave out what was only in memory. Without, it reads each log from its beginning, and Loki drops what it has.
 */
export const forgotten = ["/tmp"];
