"""What must hold between the database and the revisions of this checkout before a migration may begin."""
from alembic.script import ScriptDirectory
from alembic.util import CommandError


class SchemaProblem(Exception):
    """The database and the revisions do not fit; says what to do. Nothing was changed."""


def check_single_head(script: ScriptDirectory) -> None:
    heads = sorted(script.get_heads())
    if len(heads) > 1:
        raise SchemaProblem(
            f"migrations/versions has {len(heads)} heads, {' and '.join(heads)}: two revisions were made from the same"
            " one. Write the identifier of the one into down_revision of the other. Nothing was changed"
        )


def check_known(script: ScriptDirectory, revisions: tuple[str, ...]) -> None:
    """Raises SchemaProblem when the database is at a revision that the checkout does not have."""
    heads = sorted(script.get_heads())
    for revision in revisions:
        if _knows(script, revision):
            continue
        # Revisions are numbered, so what comes after the newest one belongs to a newer release.
        if heads and revision > heads[-1]:
            raise SchemaProblem(
                f"the database is ahead of the code: it is at {revision}, and the newest revision of this checkout is"
                f" {heads[-1]}. Deploy a checkout that has {revision}, or take it back from such a checkout"
                f" (./dating alembic STACK downgrade {heads[-1]}). Nothing was changed"
            )
        raise SchemaProblem(
            f"the database is at an unknown revision, {revision}, which migrations/versions does not have: it was"
            " renamed or deleted, or the database is another application's. Bring the file back, or, when the schema"
            " is known to be that of another revision, say so with ./dating alembic STACK stamp --purge REVISION."
            " Nothing was changed"
        )


def _knows(script: ScriptDirectory, revision: str) -> bool:
    try:
        found = script.get_revision(revision)
    except CommandError:
        return False
    # Alembic completes a part of an identifier; the database has whole ones.
    return found is not None and found.revision == revision
