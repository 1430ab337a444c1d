/** Notices that a hook is to end, as on Ctrl-C: it then leaves things as they were before it. */
export class Interruption {
  /** The signal that came, if one did. */
  signal?: NodeJS.Signals;
  private readonly came: Promise<never>;

  constructor() {
    this.came = new Promise((_, reject) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
        process.on(signal, () => {
          this.signal ??= signal;
          reject(this.error());
        });
    });
    this.came.catch(() => {});
  }

  /** @throws where a signal has come */
  check(): void {
    if (this.signal) throw this.error();
  }

  /** Waits for something, and no longer than until a signal comes. @throws where one does */
  race<T>(waitedFor: Promise<T>): Promise<T> {
    waitedFor.catch(() => {});
    return Promise.race([this.came, waitedFor]);
  }

  private error(): Error {
    return new Error(`Interrupted by ${this.signal}`);
  }
}
