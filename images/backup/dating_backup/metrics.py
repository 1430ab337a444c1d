"""Prometheus metrics of the backups."""
from datetime import datetime

from prometheus_client import Counter, Gauge

from .archives import Archive

LAST_SUCCESS = Gauge("dating_backup_last_success_timestamp_seconds", "When the newest good backup was begun")
LAST_DURATION = Gauge("dating_backup_last_duration_seconds", "How long the last good run took")
LAST_SIZE = Gauge("dating_backup_last_size_bytes", "Size of the newest good backup")
LAST_RUN_FAILED = Gauge("dating_backup_last_run_failed", "1 when the last run failed")
FAILURES = Counter("dating_backup_failures", "Runs that failed since the service was started")
KEPT = Gauge("dating_backup_archives", "Good backups that are kept")
LAST_DUE = Gauge("dating_backup_last_due_timestamp_seconds", "When a run was due last, by the schedule")
NEXT = Gauge("dating_backup_next_run_timestamp_seconds", "When the next run is due")


def succeeded(archive: Archive, seconds: float) -> None:
    LAST_DURATION.set(seconds)
    LAST_SUCCESS.set(archive.created.timestamp())
    LAST_SIZE.set(archive.size)


def kept(archives: list[Archive], now: datetime) -> None:
    """Also after a restart, the newest is known: its age is read from what is on the disk."""
    KEPT.set(len(archives))
    # One from the future, made while the clock was wrong, would hide for years that there is no newer one.
    past = [archive for archive in archives if archive.created <= now]
    if past:
        LAST_SUCCESS.set(past[-1].created.timestamp())
        LAST_SIZE.set(past[-1].size)
