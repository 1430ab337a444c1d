"""Archives what the server asks for in each place, and makes base backups when they are due."""
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from . import status, wal
from .connections import answer_archiver, forward_socket
from .place import Place
from .settings import Continuous

# The server's files are looked at as often, and the metrics are no older.
PERIOD_SECONDS = 2.0

log = logging.getLogger(__name__)


class Service:
    """The server is told that a file is archived when each place has it. Until then it keeps the file."""

    def __init__(self, settings: Continuous, places: list[Place]) -> None:
        self._settings = settings
        self._places = places
        # One base backup at a time: each reads all of the server's files.
        self._backing_up = threading.Lock()

    def run(self) -> None:
        forward_socket(self._settings.socket, os.environ["PGHOST"])
        answer_archiver(self.push)
        for place in self._places:
            threading.Thread(target=place.keep_bases_for_ever, args=(self._backing_up,), daemon=True).start()
        threading.Thread(target=self._push_ahead_for_ever, daemon=True).start()
        while True:
            self.tell()
            time.sleep(PERIOD_SECONDS)

    def push(self, name: str) -> bool:
        """Archives a file of the write-ahead log in all places at once. Whether each has it then."""
        if not wal.is_file(name):
            log.warning("no file of the write-ahead log: %r", name)
            return False
        with ThreadPoolExecutor(max_workers=len(self._places)) as workers:
            return all(list(workers.map(lambda place: place.push(name), self._places)))

    def _push_ahead_for_ever(self) -> None:
        while True:
            time.sleep(PERIOD_SECONDS)
            try:
                self.push_ahead()
            except Exception:
                log.exception("what waits is not archived ahead of its time")

    def push_ahead(self) -> None:
        """Where a place takes nothing, the others get what waits behind the file that it does not take."""
        if any(place.status.archive_failed for place in self._places):
            for place in self._places:
                if not place.status.archive_failed:
                    place.push_waiting()

    def tell(self) -> None:
        waiting = wal.waiting(self._settings.data)
        for place in self._places:
            place.tell(waiting)
        status.write(status.Status(time.time(), [place.status for place in self._places]))
