"""The throw-away server, in a container of its own: it asks every few seconds what it is to be, and tells what it is."""
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2

from ..continuous.connections import answer_lines
from ..database import CONNECTION

PORT = 9104
HOST = "backup-verifier"
# It asks every 5 seconds, and makes an empty server in a few, on a slow machine in many.
PATIENCE_SECONDS = 180
# Where Postgres wants a file of the log that it recovers with, in its own folder.
_WANTED = re.compile(r"pg_wal/RECOVERY(XLOG|HISTORY)")

log = logging.getLogger(__name__)


class Unverified(Exception):
    """Why a backup could not be restored, or is not what was backed up."""


class Server:
    """Nobody but this service logs in to it: it has the password of the role that makes the backups."""

    def __init__(self, port: int = PORT) -> None:
        self._port = port
        self._lock = threading.Condition()
        self._order = "none"
        self._state = "gone"
        self._heard = 0.0
        self._fetch: Callable[[str, str], str] | None = None

    def listen(self) -> None:
        answer_lines(self.answer, self._port)

    def answer(self, line: str) -> str:
        """`am STATE`, answered with what it is to be; or `wal NAME PATH`, a file of the log, answered with ok, missing or failed."""
        word, _, rest = line.partition(" ")
        if word == "am":
            with self._lock:
                self._state = rest
                self._heard = time.monotonic()
                self._lock.notify_all()
                return self._order
        name, _, path = rest.partition(" ")
        fetch = self._fetch
        if word != "wal" or fetch is None or not _WANTED.fullmatch(path):
            return "failed: nobody verifies a base backup"
        return fetch(name, path)

    @contextmanager
    def running(self, kind: str, fetch: Callable[[str, str], str] | None = None) -> Iterator[None]:
        """Lets it run: `dump`, an empty one, or `files`, on those that were restored for it, which gets its log by `fetch`."""
        self._fetch = fetch
        try:
            self._become(kind, f"serving {kind}")
            yield
        finally:
            self._fetch = None
            try:
                self._become("none", "idle")
            except Unverified as error:
                # The next one waits for it anew, and what was found out stands.
                log.warning("%s", error)

    def connect(self, database: str):
        """A connection, when it takes any: for as long as its recovery goes on, it takes none."""
        while True:
            try:
                connection = psycopg2.connect(
                    f"{CONNECTION} host={HOST} application_name=dating-verify", dbname=database
                )
                connection.autocommit = True
                return connection
            except psycopg2.OperationalError as error:
                if not self._lives():
                    raise Unverified(f"the server ended, and the log of {HOST} says why: {str(error).strip()}") from error
                time.sleep(1)

    def _lives(self) -> bool:
        with self._lock:
            return self._state.startswith("serving") and time.monotonic() - self._heard < PATIENCE_SECONDS

    def _become(self, order: str, state: str) -> None:
        with self._lock:
            self._order = order
            # What it told before was about another order.
            self._state = "asked"
            ends = (state, "ended") if order != "none" else (state,)
            if self._lock.wait_for(lambda: self._state in ends, PATIENCE_SECONDS) and self._state == state:
                return
        raise Unverified(f"the service {HOST} does not become what it is to be ({state}): its log says why")


def environment() -> dict[str, str]:
    """For programs of Postgres that are to reach the server."""
    return {**os.environ, "PGHOST": HOST}
