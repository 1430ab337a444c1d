"""The newest base backup of a place and the log since then, restored and read to the last row."""
import os
import shutil
from contextlib import closing
from pathlib import Path

import psycopg2

from .. import database
from ..continuous import fetch
from ..continuous.repository import Repository
from .dumps import require_room
from .server import Server, Unverified

# A volume that the throw-away server has, too, and its user owns.
SCRATCH = Path("/verify")


class Bases:
    def __init__(self, repository: Repository, data: Path, server: Server, folder: Path = SCRATCH) -> None:
        self.name = repository.name
        self._repository = repository
        self._data = data
        self._server = server
        self._restored = folder / "data"
        # What one that was interrupted has left is people's data, and must not stay until the next one.
        shutil.rmtree(self._restored, ignore_errors=True)

    def verify(self) -> int:
        """Rows that were restored. Raises Unverified, or Failed with pgBackRest's words."""
        # The tables that there are now are in what is restored, but for one that is dropped meanwhile.
        with closing(psycopg2.connect(database.CONNECTION)) as connection:
            expected = set(database.statements(connection.cursor()))
        self._clear()
        require_room(self._restored.parent, _size(self._data))
        try:
            self._repository.restore(self._restored)
            with self._server.running("files", self._fetch):
                with closing(self._server.connect(os.environ["PGDATABASE"])) as connection:
                    tables = database.count(connection.cursor())
                    missing = sorted(expected.difference(database.statements(connection.cursor())))
        finally:
            self._clear()
        if missing:
            raise Unverified("what was restored has none of these: " + "; ".join(missing[:5]))
        return sum(table["rows"] for table in tables.values())

    def _fetch(self, name: str, path: str) -> str:
        return fetch.answer(name, lambda: self._repository.fetch(name, self._restored, path))

    def _clear(self) -> None:
        shutil.rmtree(self._restored, ignore_errors=True)
        if self._restored.exists():
            raise Unverified(f"{self._restored} cannot be emptied")


def _size(folder: Path) -> int:
    """Bytes of a running server's files: some go while they are counted."""
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return size
