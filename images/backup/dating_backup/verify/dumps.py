"""The newest dump, restored and compared row for row with what was counted when it was made."""
import hashlib
import json
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

from psycopg2 import sql

from .. import archives, database
from .server import Server, Unverified, environment

# A restored database is at most as large as the one that was dumped, with its log beside it.
_ROOM = 1.2
_LEAST_FREE = 2**30
_DATABASE = "verify"


class Dumps:
    name = "dumps"

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder = folder
        self._server = server

    def verify(self) -> int:
        """Rows that were restored. Raises Unverified."""
        found = archives.found(self._folder)
        if not found:
            raise Unverified("there is no dump")
        path = found[-1].path
        (part,) = json.loads((path / "manifest.json").read_text())["parts"]
        require_room(self._folder, part["databaseBytes"])
        dump = path / part["file"]
        with dump.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != part["sha256"]:
                raise Unverified(f"{path.name} has changed since it was made")
        with self._server.running("dump"):
            self._restore(dump, part)
            with closing(self._server.connect(_DATABASE)) as connection:
                tables = database.count(connection.cursor())
        wrong = differences(part["tables"], tables)
        if wrong:
            raise Unverified(f"{path.name} is not what was dumped: " + "; ".join(wrong[:5]))
        return sum(table["rows"] for table in tables.values())

    def _restore(self, dump: Path, part: dict) -> None:
        with closing(self._server.connect("postgres")) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT rolname FROM pg_roles")
            there = {name for (name,) in cursor.fetchall()}
            for role in part["roles"]:
                if role not in there:
                    cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            cursor.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
                    sql.Identifier(_DATABASE), *(sql.Literal(part[name]) for name in ("encoding", "collate", "ctype"))
                )
            )
            program = database.client("pg_restore", connection.server_version // 10_000)
        options = ["--exit-on-error", "--no-owner", "--no-privileges", "--dbname", _DATABASE]
        done = subprocess.run(
            ["nice", "-n", "19", program, *options, str(dump)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment(),
        )
        if done.returncode != 0:
            raise Unverified("; ".join(done.stderr.strip().splitlines()[-3:]) or f"pg_restore: exit code {done.returncode}")


def require_room(folder: Path, needed: int) -> None:
    """The server's files are on the disk that the folder is on, as all of Docker's are. Raises Unverified."""
    free = shutil.disk_usage(folder).free
    if free < needed * _ROOM + _LEAST_FREE:
        raise Unverified(f"there is too little room to restore {needed // 2**20} MiB: {free // 2**20} MiB are free, and 1 GiB has to stay")


def differences(expected: dict, found: dict) -> list[str]:
    """What of the tables is not as it was, by table."""
    return [
        f"{name} has {found[name]['rows'] if name in found else 'no table, and not'} of {expected[name]['rows']} rows"
        if name not in found or found[name]["rows"] != expected[name]["rows"]
        else f"{name} has other values"
        for name in sorted(expected)
        if found.get(name) != expected[name]
    ] + [f"{name} was not there" for name in sorted(found.keys() - expected.keys())]
