"""One consistent dump, and what is in it."""
import subprocess
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import IO

import psycopg2

# A server that went away without a word is noticed within two minutes, not after the kernel's two hours.
CONNECTION = "connect_timeout=10 keepalives_idle=60 keepalives_interval=10 keepalives_count=6"
# Longer than any migration should hold a table.
LOCK_WAIT = "10min"

# So that a row's text is the same in every database.
SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}

_ROLES = r"""
WITH ours AS (SELECT oid, nspowner, nspacl FROM pg_namespace
               WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'),
     named AS (
  SELECT relowner AS role FROM pg_class WHERE relnamespace IN (SELECT oid FROM ours)
  UNION SELECT proowner FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours)
  UNION SELECT typowner FROM pg_type WHERE typnamespace IN (SELECT oid FROM ours)
  UNION SELECT nspowner FROM ours
  UNION SELECT grantee FROM ours, aclexplode(nspacl)
  UNION SELECT grantee FROM pg_class, aclexplode(relacl) WHERE relnamespace IN (SELECT oid FROM ours)
  UNION SELECT defaclrole FROM pg_default_acl
  UNION SELECT grantee FROM pg_default_acl, aclexplode(defaclacl))
SELECT coalesce(array_agg(rolname::text ORDER BY rolname), '{}')
  FROM named JOIN pg_roles ON oid = role WHERE rolname NOT LIKE 'pg\_%'
"""


# Where Debian has the programs of each major version.
_PROGRAMS = Path("/usr/lib/postgresql")


class DumpFailed(Exception):
    """pg_dump's or pg_restore's own words."""


def dump(output: IO[bytes]) -> dict:
    """Writes a dump in pg_dump's custom format and returns what it holds, counted in the very same snapshot."""
    with closing(psycopg2.connect(f"{CONNECTION} application_name=dating-backup")) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        cursor = connection.cursor()
        facts = _facts(cursor)
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        _run(
            [client("pg_dump", connection.server_version // 10_000), "--format", "custom", "--compress", "6", "--snapshot", snapshot,
             "--lock-wait-timeout", LOCK_WAIT, "--dbname", CONNECTION],
            output,
        )
    return facts


def client(program: str, server: int) -> str:
    """The program that fits a server's major version: the oldest one here that is not older than the server.

    pg_dump refuses a newer server, and what it writes is read by pg_restore of its own major version and by newer ones: so
    the server's own can restore it. https://www.postgresql.org/docs/17/app-pgdump.html#PG-DUMP-NOTES
    Raises DumpFailed where there is none.
    """
    here = sorted(int(folder.name) for folder in _PROGRAMS.iterdir() if (folder / "bin" / program).exists())
    for major in here:
        if major >= server:
            return str(_PROGRAMS / str(major) / "bin" / program)
    raise DumpFailed(f"the server is Postgres {server}, and the newest {program} in this image is {here[-1] if here else 'none'}")


def read_through(path: Path) -> None:
    """Reads a dump to its end, as restoring it would. Raises DumpFailed where it is damaged."""
    _run(["pg_restore", "--file", "/dev/null", str(path)], subprocess.DEVNULL)


def _facts(cursor) -> dict:
    cursor.execute(
        "SELECT datname, current_setting('server_version'), pg_database_size(oid), pg_encoding_to_char(encoding),"
        " datcollate, datctype FROM pg_database WHERE datname = current_database()"
    )
    names = ("database", "server", "databaseBytes", "encoding", "collate", "ctype")
    facts = dict(zip(names, cursor.fetchone()))
    cursor.execute(_ROLES)
    (facts["roles"],) = cursor.fetchone()
    cursor.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL")
    facts["revision"] = None
    if cursor.fetchone()[0]:
        cursor.execute("SELECT version_num FROM public.alembic_version")
        facts["revision"] = (cursor.fetchone() or (None,))[0]
    facts["tables"] = count(cursor)
    return facts


def count(cursor) -> dict[str, dict]:
    """The rows of each table, and a digest of them that is the same in every database."""
    for name, value in SESSION.items():
        cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    return dict(_count(cursor, statements(cursor)))


def statements(cursor) -> list[str]:
    """What counts each of the application's tables: the same text for a table of the same name."""
    cursor.execute(Path(__file__).with_name("tables.sql").read_text())
    return [statement for (statement,) in cursor.fetchall()]


def _count(cursor, statements: Iterable[str]) -> Iterable[tuple[str, dict]]:
    for statement in statements:
        cursor.execute(statement)
        name, rows, digest = cursor.fetchone()
        yield name, {"rows": rows, "digest": digest}


def _run(command: list[str], output) -> None:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True) as child:
        _, said = child.communicate()
    if child.returncode != 0:
        last = said.strip().splitlines()[-3:]
        raise DumpFailed(f"{command[0]}: " + ("; ".join(last) or f"exit code {child.returncode}"))
