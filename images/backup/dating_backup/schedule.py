"""Runs dumps when they are due, and says how it went."""
import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

from croniter import croniter

from . import archives, metrics
from .settings import Settings

RETRY = timedelta(minutes=5)
HEARTBEAT_SECONDS = 5.0
# The container's health check asks whether this file is younger than a minute.
ALIVE = Path("/tmp/dating-backup-alive")

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Scheduler:
    """One run at a time, in a thread of its own, so that the heart beats while a dump takes hours."""

    def __init__(
        self, settings: Settings, clock: Callable[[], datetime] = utc_now, works: Callable[[], bool] = lambda: True
    ) -> None:
        self._settings = settings
        # Whether all else works that the health check is about.
        self._works = works
        self._clock = clock
        self._stop = threading.Event()
        self._failed = False

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Until it is stopped."""
        kept = archives.found(self._settings.folder)
        metrics.kept(kept, self._clock())
        due = self.first(kept)
        worker = ThreadPoolExecutor(max_workers=1)
        running: Future | None = None
        while not self._stop.is_set():
            due = self.next(due)
            if running is None and self._clock() >= due:
                running = worker.submit(self.back_up)
            if running is not None and running.done():
                due, running = self._after(running), None
            metrics.NEXT.set(due.timestamp())
            metrics.LAST_DUE.set(self._preceding(self._clock()).timestamp())
            self._beat()
            self._stop.wait(HEARTBEAT_SECONDS if running is None else 0.5)
        if running is not None:
            # Not waited for, as it may take hours. What it has written goes, and the next start makes up for it.
            log.warning("stopped during a backup")
            archives.clear_partial(self._settings.folder)

    def first(self, kept: list[archives.Archive]) -> datetime:
        """A run that was missed while nothing ran is made up for at once; so is the very first one."""
        now = self._clock()
        # An archive from the future was made while the clock was wrong, and says nothing about when to go on.
        past = [archive.created for archive in kept if archive.created <= now]
        return self._following(past[-1]) if past else now

    def next(self, due: datetime) -> datetime:
        """Never later than the schedule says from now on: a clock that was ahead has been put right."""
        return min(due, self._following(self._clock()))

    def _following(self, after: datetime) -> datetime:
        return croniter(self._settings.schedule, after).get_next(datetime)

    def _preceding(self, before: datetime) -> datetime:
        return croniter(self._settings.schedule, before).get_prev(datetime)

    def _after(self, run: Future) -> datetime:
        error = run.exception()
        self._failed = error is not None
        metrics.LAST_RUN_FAILED.set(self._failed)
        now = self._clock()
        if error is None:
            return self._following(now)
        metrics.FAILURES.inc()
        log.error("the backup failed, next try in %d minutes: %s", RETRY.seconds // 60, str(error).strip())
        return min(now + RETRY, self._following(now))

    def _beat(self) -> None:
        """A failed run lets the health check fail, until a good one."""
        if self._failed or not self._works():
            ALIVE.unlink(missing_ok=True)
        else:
            ALIVE.touch()

    def back_up(self) -> None:
        begin = time.monotonic()
        settings = self._settings
        archive = archives.write(settings.folder, settings.stack, self._clock())
        metrics.succeeded(archive, time.monotonic() - begin)
        log.info("%s: %d bytes in %.1f s", archive.path.name, archive.size, time.monotonic() - begin)
        for old in archives.expired(archives.found(settings.folder), settings.keep, settings.keep_days, self._clock()):
            # Renamed first: a removal that is interrupted leaves nothing that looks like an archive.
            gone = old.path.rename(old.path.with_name(f".partial-{old.path.name}"))
            shutil.rmtree(gone)
            log.info("%s is removed: %d are kept, for %d days", old.path.name, settings.keep, settings.keep_days)
        metrics.kept(archives.found(settings.folder), self._clock())
