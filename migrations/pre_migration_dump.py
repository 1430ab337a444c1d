"""A dump of the database before its schema changes: the way back when a revision has destroyed something.

PRE_MIGRATION_KEEP and PRE_MIGRATION_KEEP_DAYS say how many dumps are kept at most, and for how many days.
"""
import logging
import os
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import sqlalchemy as sa

FOLDER = Path("/backups/pre-migration")
SUFFIX = ".dump"
# Where Debian has the programs of each major version of Postgres.
PROGRAMS = Path("/usr/lib/postgresql")
PARTIAL = ".partial"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"

log = logging.getLogger("alembic.dump")


class DumpFailed(Exception):
    """There is no good dump, so the migration must not begin."""


def dump_database(connection: sa.engine.Connection, revisions: tuple[str, ...]) -> None:
    """Dumps the database, reads the dump back, and removes dumps that are too many or too old.

    To be called under the migration lock, as no other run may be writing here.
    Raises DumpFailed.
    """
    tables = _tables(connection)
    if tables == 0:
        log.info("no dump: the database has no tables yet")
        return
    keep, days = _limits()
    name = f"{datetime.now(timezone.utc).strftime(TIME_FORMAT)}-{'+'.join(revisions) or 'no-revision'}{SUFFIX}"
    try:
        FOLDER.mkdir(mode=0o750, exist_ok=True)
        for left in FOLDER.glob(f"*{PARTIAL}"):
            left.unlink()
        size = _write(FOLDER / name, tables, programs(connection.dialect.server_version_info[0]))
        for old in expired([path.name for path in FOLDER.glob(f"*{SUFFIX}")], keep, days, datetime.now(timezone.utc)):
            (FOLDER / old).unlink()
            log.info("removed the older dump %s", old)
    except OSError as error:
        raise DumpFailed(f"{error.strerror}: {error.filename}") from error
    log.info("dumped %d tables to %s (%.1f MiB) in the volume backup_data", tables, FOLDER / name, size / 2**20)


def expired(names: list[str], keep: int, days: int, now: datetime) -> list[str]:
    """The dumps that are too many or too old. The newest is never among them."""
    newest_first = sorted((name for name in names if _made(name)), reverse=True)
    oldest = now - timedelta(days=days)
    return [name for place, name in enumerate(newest_first) if place > 0 and (place >= keep or _made(name) < oldest)]


def programs(server: int, folder: Path = PROGRAMS) -> Path:
    """The folder with the pg_dump that fits a server's major version: the oldest one here that is not older.

    pg_dump refuses a newer server, and what it writes is read by pg_restore of its own major version and by newer ones: so
    the server's own can restore it. https://www.postgresql.org/docs/17/app-pgdump.html#PG-DUMP-NOTES
    """
    here = sorted(int(path.name) for path in folder.iterdir() if (path / "bin/pg_dump").exists())
    for major in here:
        if major >= server:
            return folder / str(major) / "bin"
    raise DumpFailed(
        f"the server is Postgres {server}, and the newest pg_dump in this image is {here[-1] if here else 'none'}:"
        " use a newer image of the migration runner"
    )


def _made(name: str) -> datetime | None:
    try:
        return datetime.strptime(name.split("-")[0], TIME_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _limits() -> tuple[int, int]:
    try:
        return int(os.environ["PRE_MIGRATION_KEEP"]), int(os.environ["PRE_MIGRATION_KEEP_DAYS"])
    except KeyError as error:
        raise DumpFailed(
            "the stack was deployed by a release that made no dumps before migrations. Deploy it again first"
        ) from error


def _tables(connection: sa.engine.Connection) -> int:
    """How many tables a dump has the rows of."""
    count = connection.execute(
        sa.text(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
            " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
        )
    ).scalar_one()
    connection.commit()
    return count


def _write(target: Path, tables: int, tools: Path) -> int:
    """Writes under another name first, so that what has the right one is whole. Returns the size in bytes."""
    partial = target.with_name(target.name + PARTIAL)
    begin = time.monotonic()
    try:
        _run(str(tools / "pg_dump"), "--format", "custom", "--file", str(partial))
        listed = _run(str(tools / "pg_restore"), "--list", str(partial)).count(" TABLE DATA ")
        if listed != tables:
            raise DumpFailed(f"the dump has {listed} tables, the database has {tables}")
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    log.info("the dump took %.1f s", time.monotonic() - begin)
    return target.stat().st_size


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise DumpFailed(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")
    return done.stdout
