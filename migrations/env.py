"""Alembic's environment: where the database is, and that only one migration runs at a time.

PGHOST, PGPORT, PGUSER and PGDATABASE say where; the password is libpq's PGPASSWORD and never part of a URL.
LOCK_TIMEOUT is how many seconds to wait for another migration, and for tables that are in use (default 60).
"""
import logging
import os
import sys
import time

import sqlalchemy as sa
from alembic import context
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from migration_lock import LockTimeout, hold_migration_lock
from pre_migration_dump import DumpFailed, dump_database
from schema_check import SchemaProblem, check_known, check_single_head

# Whoever waits for a table's exclusive lock holds up all who come after, so a wait is shorter than a request's time-out,
# and between two waits they get through. https://www.postgresql.org/docs/15/runtime-config-client.html#GUC-LOCK-TIMEOUT
TABLE_LOCK_TIMEOUT = "1s"
TABLE_LOCK_PAUSE_SECONDS = 2
LOCK_NOT_AVAILABLE = "55P03"
READ_ONLY_COMMANDS = {"branches", "check", "current", "heads", "history", "show"}

logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
logging.getLogger("alembic").setLevel(logging.INFO)
log = logging.getLogger("alembic.tables")


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


def patience() -> float:
    return float(os.environ.get("LOCK_TIMEOUT") or 60)


def command_name() -> str:
    """Alembic's command. Without its command line nobody knows, so it is the one that asks for most."""
    command = getattr(context.config.cmd_opts, "cmd", None)
    return "upgrade" if command is None else command[0].__name__


def prepare(connection: sa.engine.Connection) -> None:
    """Whatever must be true, and saved, before a command changes the schema."""
    command = command_name()
    if command in READ_ONLY_COMMANDS:
        return
    hold_migration_lock(connection, timeout_seconds=patience())
    # stamp is what mends a database at an unknown revision.
    if command not in ("upgrade", "downgrade"):
        return
    script = ScriptDirectory.from_config(context.config)
    check_single_head(script)
    revisions = MigrationContext.configure(connection).get_current_heads()
    connection.commit()
    check_known(script, revisions)
    if command == "downgrade" or set(revisions) != set(script.get_heads()):
        dump_database(connection, revisions)


def run_offline() -> None:
    """Prints the SQL instead of running it; needs no database."""
    context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_revisions(connection: sa.engine.Connection) -> None:
    """Runs them; a revision that finds a table in use is undone and tried again."""
    deadline = time.monotonic() + patience()
    while True:
        # A failed revision leaves the ones before it in place, and nothing of itself.
        context.configure(connection=connection, transaction_per_migration=True)
        try:
            with context.begin_transaction():
                context.run_migrations()
            return
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE or time.monotonic() >= deadline:
                raise
            log.info("a table is in use; next try in %d s: %s", TABLE_LOCK_PAUSE_SECONDS, error.statement)
        time.sleep(TABLE_LOCK_PAUSE_SECONDS)


def run_online() -> None:
    engine = sa.create_engine(
        database_url(),
        future=True,
        poolclass=sa.pool.NullPool,
        connect_args={
            "application_name": "dating-migrations",
            "connect_timeout": 10,
            "options": f"-c lock_timeout={TABLE_LOCK_TIMEOUT}",
        },
    )
    with engine.connect() as connection:
        prepare(connection)
        run_revisions(connection)


if context.is_offline_mode():
    run_offline()
else:
    try:
        run_online()
    except (LockTimeout, SchemaProblem) as error:
        sys.exit(f"migrations: {error}")
    except DumpFailed as error:
        sys.exit(f"migrations: no dump could be made before the migration, so nothing was changed: {error}")
    except sa.exc.StatementError as error:
        # With the statement, and without a stack trace of Alembic's.
        statement = f"\n{error.statement.strip()}" if error.statement else ""
        sys.exit(f"migrations: {str(error.orig).rstrip()}{statement}")
