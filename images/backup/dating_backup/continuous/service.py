"""Archives what the server asks for, and makes base backups when they are due."""
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from croniter import croniter

from . import status, wal
from .connections import answer_archiver, forward_socket
from .repository import Base, Failed, Repository
from .settings import Continuous

RETRY = timedelta(minutes=5)
# How often it is looked whether a base backup is due.
LOOK = timedelta(seconds=10)
# The server is asked for nothing meanwhile, and its metrics are no older.
PERIOD_SECONDS = 2.0

log = logging.getLogger(__name__)


class Service:
    """One base backup at a time, in a thread of its own; files of the log beside it, one at a time, as the server asks."""

    def __init__(self, settings: Continuous, repository: Repository, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._repository = repository
        self._clock = clock
        self._pushing = threading.Lock()
        # That the repository takes something again, after it did not.
        self._answers = threading.Event()
        self._last: str | None = None
        self._gap = settings.folder / "gap"
        # As each place was found last: it is asked anew only when something seems to be due, as a store counts each question.
        self._known: dict[int, list[Base]] = {}
        self.status = status.Status()

    def run(self) -> None:
        forward_socket(self._settings.socket, os.environ["PGHOST"])
        answer_archiver(self.push)
        threading.Thread(target=self._keep_bases, daemon=True).start()
        while True:
            self.tell()
            time.sleep(PERIOD_SECONDS)

    def push(self, name: str) -> bool:
        """Archives a file of the write-ahead log. Whether it is in the repository then."""
        if not wal.is_file(name):
            log.warning("no file of the write-ahead log: %r", name)
            return False
        with self._pushing:
            try:
                if wal.is_segment(name):
                    self._look_for_gap(name)
                self._repository.push(name)
            except (Failed, OSError) as error:
                self.status.archive_failed = True
                log.warning("%s is not archived: %s", name, error)
                return False
            if wal.is_segment(name):
                self._last = max(name, self._last or name)
            self.status.archived_at = self._clock()
            if self.status.archive_failed:
                self._answers.set()
            self.status.archive_failed = False
            return True

    def _look_for_gap(self, name: str) -> None:
        """What the server has given up, as too much of it waited, is not asked for again: the next file tells."""
        if self._last is None:
            self._last = self._repository.last_segment()
        size = (self._settings.data / "pg_wal" / name).stat().st_size
        if self._last is not None and not wal.follows(name, self._last, size):
            log.error("what was written between %s and %s is missing, and a base backup is made", self._last, name)
            self._gap.touch()

    def tell(self) -> None:
        count, since = wal.waiting(self._settings.data)
        self.status.waiting = count
        self.status.waiting_since = since.timestamp() if since else None
        self.status.gap_since = self._gap_since()
        self.status.at = self._clock()
        self.status.write()

    def _keep_bases(self) -> None:
        while True:
            self._answers.clear()
            self._answers.wait(self.keep_bases().total_seconds())

    def keep_bases(self) -> timedelta:
        """Makes the base backups that are due, in each place. How long there is time until the next look."""
        failed = False
        newest: list[Base] = []
        size = 0
        for place in self._repository.places:
            try:
                if not self.status.begun:
                    self._repository.create()
                    self.status.begun = True
                bases = self._keep_base(place)
                newest.append(bases[-1])
                size += sum(base.size for base in bases)
            except (Failed, OSError) as error:
                failed = True
                log.error("no base backup in repository %d; next try in %d minutes: %s", place, RETRY.seconds // 60, error)
        self.status.base_failed = failed
        if failed:
            return RETRY
        self.status.base_at = min(base.begun.timestamp() for base in newest)
        self.status.size = size
        gap = self._gap_since()
        if gap is not None and self.status.base_at > gap:
            self._gap.unlink()
        return LOOK

    def _keep_base(self, place: int) -> list[Base]:
        if self._due(self._known.get(place, [])) is None:
            return self._known[place]
        kind = self._due(self._repository.bases(place))
        if kind is not None:
            begin = self._clock()
            self._repository.back_up(kind, place)
            self.status.base_seconds = self._clock() - begin
            log.info("base backup (%s) in repository %d in %.1f s", kind, place, self.status.base_seconds)
        self._known[place] = self._repository.bases(place)
        return self._known[place]

    def _due(self, bases: list[Base]) -> str | None:
        now = datetime.fromtimestamp(self._clock(), timezone.utc)
        full = croniter(self._settings.full, now).get_prev(datetime)
        differential = croniter(self._settings.differential, now).get_prev(datetime)
        self.status.due_at = max(full, differential).timestamp()
        if not any(base.kind == "full" and base.begun >= full for base in bases):
            # What is older is made up for; the very first one is due at once.
            return "full"
        newest = bases[-1].begun
        return "diff" if newest < differential or newest.timestamp() <= (self._gap_since() or 0) else None

    def _gap_since(self) -> float | None:
        try:
            return self._gap.stat().st_mtime
        except FileNotFoundError:
            return None
