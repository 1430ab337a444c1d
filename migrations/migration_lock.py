"""A Postgres advisory lock that lets one migration run at a time in a database."""
import logging
import time

import sqlalchemy as sa

# Arbitrary, and the same for ever: a release with another key would not see an older one's migration.
LOCK_KEY = 7203118
POLL_SECONDS = 0.5

log = logging.getLogger("alembic.lock")


class LockTimeout(Exception):
    """Another migration held the lock for longer than the time-out."""


def hold_migration_lock(connection: sa.engine.Connection, timeout_seconds: float) -> None:
    """Takes the lock for as long as the connection lives, so that a killed migration releases it.

    Raises LockTimeout, which names the holder.
    """
    deadline = time.monotonic() + timeout_seconds
    waiting = False
    while not _try_lock(connection):
        if not waiting:
            log.info("waiting up to %g s: %s", timeout_seconds, _holder(connection))
            waiting = True
        if time.monotonic() >= deadline:
            raise LockTimeout(f"{_holder(connection)}; gave up after {timeout_seconds:g} s")
        time.sleep(POLL_SECONDS)


def _try_lock(connection: sa.engine.Connection) -> bool:
    taken = connection.execute(sa.select(sa.func.pg_try_advisory_lock(LOCK_KEY))).scalar_one()
    # The lock belongs to the session; an open transaction would only hold up vacuum.
    connection.commit()
    return taken


def _holder(connection: sa.engine.Connection) -> str:
    row = connection.execute(
        sa.text(
            "SELECT a.pid, a.application_name, a.usename, a.backend_start"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = :key AND l.objsubid = 1"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ),
        {"key": LOCK_KEY},
    ).first()
    connection.commit()
    if row is None:
        return "another migration is running and has just ended"
    return (
        f"another migration is running (pid {row.pid}, application {row.application_name or 'unnamed'},"
        f" user {row.usename}, connected since {row.backend_start})"
    )
