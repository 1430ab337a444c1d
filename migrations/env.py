"""Alembic's environment: where the database is, and that only one migration runs at a time.

PGHOST, PGPORT, PGUSER and PGDATABASE say where; the password is libpq's PGPASSWORD and never part of a URL.
LOCK_TIMEOUT is how many seconds to wait for another migration (default 60).
"""
import logging
import os
import sys

import sqlalchemy as sa
from alembic import context
from migration_lock import LockTimeout, hold_migration_lock

READ_ONLY_COMMANDS = {"branches", "check", "current", "heads", "history", "show"}

logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
logging.getLogger("alembic").setLevel(logging.INFO)


def database_url() -> sa.engine.URL:
    missing = [name for name in ("PGHOST", "PGUSER", "PGDATABASE") if not os.environ.get(name)]
    if missing:
        sys.exit(f"migrations: not set: {', '.join(missing)}")
    return sa.engine.URL.create(
        "postgresql+psycopg2",
        host=os.environ["PGHOST"],
        port=int(os.environ.get("PGPORT") or 5432),
        username=os.environ["PGUSER"],
        database=os.environ["PGDATABASE"],
    )


def changes_the_schema() -> bool:
    """Whether the command needs the lock. Without Alembic's command line nobody knows, so it does."""
    command = getattr(context.config.cmd_opts, "cmd", None)
    return command is None or command[0].__name__ not in READ_ONLY_COMMANDS


def run_offline() -> None:
    """Prints the SQL instead of running it; needs no database."""
    context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    engine = sa.create_engine(
        database_url(),
        future=True,
        poolclass=sa.pool.NullPool,
        connect_args={"application_name": "dating-migrations", "connect_timeout": 10},
    )
    with engine.connect() as connection:
        if changes_the_schema():
            hold_migration_lock(connection, timeout_seconds=float(os.environ.get("LOCK_TIMEOUT") or 60))
        # A failed revision leaves the ones before it in place, and nothing of itself.
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    try:
        run_online()
    except LockTimeout as error:
        sys.exit(f"migrations: {error}")
    except sa.exc.OperationalError as error:
        sys.exit(f"migrations: {error.orig}".rstrip())
