"""Indexes that are made while the table is read and written."""
import sqlalchemy as sa
from alembic import op


def create_index_online(name: str, table: str, *columns: str) -> None:
    """Makes an index without holding up writers, and outside a transaction: give it a revision of its own.

    Safe to run again after it failed. Names are taken as they are.
    https://www.postgresql.org/docs/15/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    migration = op.get_context()
    with migration.autocommit_block():
        # It waits for transactions that began before it, and nobody waits for it.
        op.execute("SET lock_timeout = 0")
        # A run that was interrupted leaves an index that is written and never read.
        if not migration.as_sql and not op.get_bind().execute(
            sa.text("SELECT coalesce(bool_and(indisvalid), true) FROM pg_index WHERE indexrelid = to_regclass(:name)"),
            {"name": name},
        ).scalar_one():
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({', '.join(columns)})")
        op.execute("RESET lock_timeout")
