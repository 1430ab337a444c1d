/**
 * The label of a container that is there from before a restore stops services until they run again. It is never started. Its
 * value is the first part of the stack's names on the Docker host.
 */
export const restoreLabel = "dating.restore";
