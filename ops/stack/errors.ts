/** Something that went wrong in a way that people can do something about: told without a stack trace. */
export class OperatorError extends Error {
  /** The command's exit code. */
  readonly exitCode: number = 1;
}

/** What was asked for is not done, on purpose: nothing was changed. */
export class Refused extends OperatorError {
  override readonly exitCode = 3;
}

/** Exit code of a command that was to look for something and found it: drift, newer images. */
export const foundSomething = 2;
