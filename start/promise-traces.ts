/*
 * Pulumi's SDK writes down where each of a program's thousands of promises was made, for its own search for leaks
 * (PULUMI_DEBUG_PROMISE_LEAKS), and TypeScript's loader maps each of these places back to its source: a fifth of the
 * time of a preview. Nobody reads them otherwise, so they are left unmapped. Traces of errors stay what they are.
 */
const { prepareStackTrace } = Error as {
  prepareStackTrace?: (error: Error, frames: NodeJS.CallSite[]) => unknown;
};
if (prepareStackTrace && !process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
  Error.prepareStackTrace = (error, frames) =>
    frames[0]?.getFileName()?.endsWith("/runtime/debuggable.js")
      ? String(error)
      : prepareStackTrace(error, frames);
}
