"""One of the places that the backups go to: what it has, what it lacks, and when its base backups are due."""
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from croniter import croniter

from . import wal
from .repository import Base, Failed, Repository
from .settings import Continuous
from .status import PlaceStatus

RETRY = timedelta(minutes=5)
RETRY_BEGIN = timedelta(seconds=30)
# How often it is looked whether a base backup is due.
LOOK = timedelta(seconds=10)
# Postgres's archive_command does not wait for longer than that.
PATIENCE_SECONDS = 14
# So many names are remembered at most: as many files have 160 GB.
_MOST_NAMES = 10_000

log = logging.getLogger(__name__)


class Place:
    """Files of the log one at a time, and base backups beside them. A place that does not answer stops no other one."""

    def __init__(self, settings: Continuous, repository: Repository, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._repository = repository
        self._clock = clock
        self._pushing = threading.Lock()
        # That the place takes something again, after it did not.
        self._answers = threading.Event()
        # The names of files that it has, of those that may still wait for another place.
        self._has: set[str] = set()
        self._last: str | None = None
        self._gap = settings.folder / f"gap-{repository.name}"
        # As it was found last: it is asked anew only when something seems to be due, as a store counts each question.
        self._known: list[Base] = []
        self.status = PlaceStatus(repository.name)

    def push(self, name: str) -> bool:
        """Archives a file of the log. Whether the place has it then."""
        if not self._pushing.acquire(timeout=PATIENCE_SECONDS):
            # Still at work on the one before.
            return False
        try:
            return name in self._has or self._push(name)
        finally:
            self._pushing.release()

    def _push(self, name: str) -> bool:
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
        if len(self._has) >= _MOST_NAMES:
            # Asked for again, they are found in the place.
            self._has.clear()
        self._has.add(name)
        self.status.archived_at = self._clock()
        if self.status.archive_failed:
            self._answers.set()
        self.status.archive_failed = False
        return True

    def push_waiting(self) -> None:
        """Archives all that waits for another place: Postgres asks for the oldest of it again and again."""
        for name, _ in wal.waiting(self._settings.data):
            if not self.push(name):
                return

    def _look_for_gap(self, name: str) -> None:
        """What the server has given up, as too much of it waited, is not asked for again: the next file tells."""
        if self._last is None:
            self._last = self._repository.last_segment()
        size = (self._settings.data / "pg_wal" / name).stat().st_size
        if self._last is not None and not wal.follows(name, self._last, size):
            if self._gap_since() is None:
                name_of = self._repository.name
                log.error("%s lacks what came between %s and %s, and gets a base backup", name_of, self._last, name)
            self._gap.touch()

    def tell(self, waiting: list[tuple[str, float]]) -> None:
        """Brings its status up to what waits."""
        lacking = [since for name, since in waiting if name not in self._has]
        self.status.waiting = len(lacking)
        self.status.waiting_since = min(lacking, default=None)
        self.status.gap_since = self._gap_since()

    def keep_bases_for_ever(self, one_at_a_time: threading.Lock) -> None:
        while True:
            self._answers.clear()
            # Not behind the base backup of another place, which may take hours: without it nothing is archived.
            if self.begin():
                with one_at_a_time:
                    pause = self.keep_bases()
            else:
                pause = RETRY_BEGIN
            self._answers.wait(pause.total_seconds())

    def begin(self) -> bool:
        """Makes the place ready for the server's files. Whether it is."""
        if not self.status.begun:
            try:
                self._repository.create()
            except (Failed, OSError) as error:
                log.error("%s; next try in %d seconds", error, RETRY_BEGIN.seconds)
                return False
            self.status.begun = True
        return True

    def keep_bases(self) -> timedelta:
        """Makes the base backup that is due. How long there is time until the next look."""
        try:
            self._keep_base()
        except (Failed, OSError) as error:
            self.status.base_failed = True
            log.error("no base backup in %s; next try in %d minutes: %s", self._repository.name, RETRY.seconds // 60, error)
            return RETRY
        self.status.base_failed = False
        self.status.base_at = self._known[-1].begun.timestamp()
        self.status.size = sum(base.size for base in self._known)
        gap = self._gap_since()
        if gap is not None and self.status.base_at > gap:
            self._gap.unlink()
        return LOOK

    def _keep_base(self) -> None:
        if self._due(self._known) is None:
            return
        kind = self._due(self._repository.bases())
        if kind is not None:
            begin = self._clock()
            self._repository.back_up(kind)
            self.status.base_seconds = self._clock() - begin
            log.info("base backup (%s) in %s in %.1f s", kind, self._repository.name, self.status.base_seconds)
        self._known = self._repository.bases()

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
