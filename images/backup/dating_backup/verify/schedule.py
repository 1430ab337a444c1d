"""Verifies each kind of backup when that is due, one after the other, and keeps what came of it."""
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

from croniter import croniter

from . import status

RETRY_SECONDS = 3600
PERIOD_SECONDS = 10

log = logging.getLogger(__name__)


class Subject(Protocol):
    """What is verified: the dumps, or a place of the continuous backups."""

    name: str

    def verify(self) -> int:
        """Rows that were restored; whatever it raises says why there are none."""


@dataclass(frozen=True)
class Schedule:
    cron: str
    # Where it is kept what was verified when; a restart of the service is no reason to do it again.
    file: Path


class Verifier:
    def __init__(self, schedule: Schedule, subjects: list[Subject], clock: Callable[[], float] = time.time) -> None:
        self._schedule = schedule
        self._subjects = subjects
        self._clock = clock
        self._known = status.load(schedule.file)
        for subject in subjects:
            # What is new is due with the schedule's next time: there may be no backup of it yet.
            self._known.setdefault(subject.name, status.Verified(since=clock()))

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except OSError:
                # As on a full disk: without what it keeps, it says so and goes on.
                log.exception("it cannot be kept what was verified")
            time.sleep(PERIOD_SECONDS)

    def look(self) -> None:
        """Verifies what is due now."""
        for subject in self._subjects:
            known = self._known[subject.name]
            preceding = self._preceding()
            known.due_at = preceding if preceding > known.since else 0
            if self._is_due(known):
                self._verify(subject, known)
            self._keep()

    def _is_due(self, known: status.Verified) -> bool:
        if known.due_at <= (known.verified_at or 0):
            return False
        return known.tried_at is None or known.tried_at < known.due_at or self._clock() - known.tried_at >= RETRY_SECONDS

    def _verify(self, subject: Subject, known: status.Verified) -> None:
        known.tried_at = begin = self._clock()
        # A service that is killed by it tries it again in an hour, and not at once.
        self._keep()
        try:
            known.rows = subject.verify()
        except Exception as error:
            # Whatever it is: nobody knows then that the backup can be restored.
            known.failed = True
            log.error("the newest backup (%s) is not restored: %s", subject.name, str(error).strip() or repr(error))
            return
        known.failed = False
        known.verified_at = begin
        known.seconds = self._clock() - begin
        log.info("the newest backup (%s) was restored in %.1f s: %d rows", subject.name, known.seconds, known.rows)

    def _preceding(self) -> float:
        now = datetime.fromtimestamp(self._clock(), timezone.utc)
        return croniter(self._schedule.cron, now).get_prev(datetime).timestamp()

    def _keep(self) -> None:
        present = {subject.name: self._known[subject.name] for subject in self._subjects}
        status.write(present, self._schedule.file)
