import { knownRevisions } from "../../images/revisions";

/** What a rollback has to say about the schema, and whether it may go on. */
export interface SchemaCheck {
  compatible: boolean;
  /** One or two sentences. */
  message: string;
}

/**
 * Compares the schema that a release knew with the database's.
 *
 * @param stack for the command that mends a difference
 * @param wanted the newest revision that the release knew; undefined where nobody wrote it down
 * @param present the database's revision
 * @param known the revisions of this checkout, oldest first
 */
export function checkSchema(
  stack: string,
  wanted: string | undefined,
  present: string,
  known: string[] = knownRevisions(),
): SchemaCheck {
  if (wanted === undefined) {
    return {
      compatible: true,
      message: `Schema: the database is at ${present}. Which revision that release knew is not recorded; look before you go on.`,
    };
  }
  if (wanted === present)
    return { compatible: true, message: `Schema: the release and the database are both at ${present}.` };
  const newer = known.indexOf(present) > known.indexOf(wanted) || !known.includes(wanted);
  return {
    compatible: false,
    message: newer
      ? `Schema: the database is at ${present}, and that release knew ${wanted} as the newest. Either its code works with the ` +
        "later schema too: --keep-schema. Or take the later revisions back first, with what only they can hold: " +
        `./dating backup create ${stack} && ./dating alembic ${stack} downgrade ${wanted}`
      : `Schema: the database is at ${present}, older than ${wanted}, which that release needs: ./dating alembic ${stack} upgrade ${wanted}`,
  };
}
