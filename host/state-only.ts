/** Set where a preview is to be made from the state alone: whoever makes it has no way to the Docker host. */
export const stateOnlyVariable = "DATING_STATE_ONLY";

/** By which a preview that saw no Docker host is told from others: its warning says this. */
export const stateAlone = "this preview compares with the state alone";
