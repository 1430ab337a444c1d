"""What the process of the continuous backups tells the one with the metrics, in a file."""
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import told

FILE = Path("/tmp/dating-continuous.json")


@dataclass
class PlaceStatus:
    """How one place does. Times are seconds since 1970; None where there is none yet."""

    # volume, s3, azure, gs or sftp
    name: str
    # Whether it could be reached since the start.
    begun: bool = False
    # When a piece of the write-ahead log was archived last.
    archived_at: float | None = None
    # Since when the oldest piece waits that is complete, and how many do.
    waiting_since: float | None = None
    waiting: int = 0
    # Whether the last piece could not be archived.
    archive_failed: bool = False
    # Since when a piece is missing for good, with no base backup since.
    gap_since: float | None = None
    # When a base backup was due last by the schedule, and when the newest good one was begun.
    due_at: float = 0
    base_at: float | None = None
    base_seconds: float | None = None
    base_failed: bool = False
    size: int = 0


@dataclass
class Status:
    # When this was written.
    at: float
    places: list[PlaceStatus]


def write(status: Status, file: Path = FILE) -> None:
    """Whole or not at all."""
    told.write(file, json.dumps(asdict(status)))


def read(file: Path = FILE) -> Status | None:
    """None until the other process has written it."""
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return Status(found["at"], [PlaceStatus(**place) for place in found["places"]])


_GAUGES = {
    "dating_archive_last_success_timestamp_seconds": ("When a piece of the write-ahead log was archived last", "archived_at"),
    "dating_archive_last_run_failed": ("1 when the last piece could not be archived", "archive_failed"),
    "dating_archive_waiting_files": ("Pieces of the write-ahead log that wait to be archived", "waiting"),
    "dating_archive_waiting_since_timestamp_seconds": ("Since when the oldest of them waits", "waiting_since"),
    "dating_archive_gap_since_timestamp_seconds": ("Since when a piece is missing, with no base backup since", "gap_since"),
    "dating_base_backup_last_due_timestamp_seconds": ("When a base backup was due last, by the schedule", "due_at"),
    "dating_base_backup_last_success_timestamp_seconds": ("When the newest good base backup was begun", "base_at"),
    "dating_base_backup_last_duration_seconds": ("How long the last one took", "base_seconds"),
    "dating_base_backup_last_run_failed": ("1 when the last run failed", "base_failed"),
    "dating_base_backup_size_bytes": ("Size of all base backups, as they are kept", "size"),
}


class Collector:
    """The metrics of the other process, by place: what there is none of yet is left out."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file

    def collect(self):
        status = read(self._file)
        return told.gauges(_GAUGES, "place", {place.name: place for place in status.places} if status else {})
