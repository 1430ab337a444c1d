/** What every preview environment's stack is called by: it is how they are told from the other stacks. */
export const previewPrefix = "preview-";

export const isPreview = (stack: string) => stack.startsWith(previewPrefix);

/** Stacks of the tests: each has a state of its own on this machine, and is gone with its test. */
const isOfTests = (stack: string) => stack.startsWith("test-");

/** A stack that this machine makes by itself, and whose state it may keep: the one for development, and the previews. */
export const isMadeByItself = (stack: string) => stack === "dev" || isPreview(stack);

/**
 * Whether a command that takes something away asks first. It does not for a stack that can be made again with one command,
 * nor for the stacks of the tests.
 */
export const asksFirst = (stack: string) => !isMadeByItself(stack) && !isOfTests(stack);

/** Whether the public passphrase `dev` may encrypt a stack's secrets, as nobody but this machine has them. */
export const mayHavePublicPassphrase = (stack: string) => isMadeByItself(stack) || isOfTests(stack);
