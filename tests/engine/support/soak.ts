/** Whether this is `make soak`. */
export const inSoak = Boolean(process.env.SOAK);

/**
 * A test that takes too long for every change: `make soak` runs it with the others of its file, `make test` counts it as left
 * out. It leaves the stack as the tests after it find it without it.
 */
export const soakTest: jest.It = inSoak ? test : test.skip;

/** The same for a group of tests. */
export const describeSoak: jest.Describe = inSoak ? describe : describe.skip;
