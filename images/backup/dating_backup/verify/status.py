"""What came of the verifications: kept in a file, and told as metrics by the process that has those."""
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import told

# A copy for the process with the metrics, which may be another user's.
FILE = Path("/tmp/dating-verified.json")


@dataclass
class Verified:
    """Of one kind of backup. Times are seconds since 1970; None where there is none yet."""

    # Since when it is verified at all.
    since: float
    # When it was due last by the schedule; 0 where it never was.
    due_at: float = 0
    tried_at: float | None = None
    # When the newest verification that succeeded was begun.
    verified_at: float | None = None
    failed: bool = False
    seconds: float | None = None
    rows: int | None = None


def load(file: Path) -> dict[str, Verified]:
    """Nothing where there is none, or where it is not what was written: then all of it is verified anew."""
    try:
        return {name: Verified(**known) for name, known in json.loads(file.read_text()).items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def write(known: dict[str, Verified], file: Path, copy: Path = FILE) -> None:
    text = json.dumps({name: asdict(verified) for name, verified in known.items()})
    for path in (file, copy):
        told.write(path, text)


_GAUGES = {
    "dating_backup_verified_timestamp_seconds": ("When the newest backup was restored that turned out good", "verified_at"),
    "dating_backup_verify_last_due_timestamp_seconds": ("When that was due last, by the schedule", "due_at"),
    "dating_backup_verify_last_run_failed": ("1 when the newest backup could not be restored", "failed"),
    "dating_backup_verify_last_duration_seconds": ("How long it took", "seconds"),
    "dating_backup_verified_rows": ("Rows that were restored", "rows"),
}


class Collector:
    """By kind of backup; what there is none of yet is left out."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file

    def collect(self):
        return told.gauges(_GAUGES, "backup", load(self._file))
