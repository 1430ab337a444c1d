"""Names of files of the write-ahead log, and what of it waits."""
import re
from pathlib import Path

_SEGMENT = re.compile(r"[0-9A-F]{24}")
# Segments, the histories of timelines, the labels of base backups, and what a server that was promoted left of a segment.
_FILE = re.compile(r"[0-9A-F]{8}\.history|[0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?")


def is_file(name: str) -> bool:
    """Whether Postgres archives files of this name; nothing else is asked for."""
    return _FILE.fullmatch(name) is not None


def is_segment(name: str) -> bool:
    """Whether it is a piece of the log itself."""
    return _SEGMENT.fullmatch(name) is not None


def follows(segment: str, last: str, size: int) -> bool:
    """Whether nothing is missing between the last segment that was archived and this one, of so many bytes.

    The first 8 digits are the timeline; another one begins with what it shares with the one before.
    """
    return segment[:8] != last[:8] or _place(segment, size) <= _place(last, size) + 1


def _place(segment: str, size: int) -> int:
    # The next 8 digits count 4 GiB each, the last 8 the segments in those.
    return int(segment[8:16], 16) * (2**32 // size) + int(segment[16:], 16)


def waiting(data: Path) -> list[tuple[str, float]]:
    """The files of a server that wait to be archived, the oldest first, each with when it was complete, in seconds since 1970."""
    found = []
    for path in sorted((data / "pg_wal/archive_status").glob("*.ready")):
        try:
            found.append((path.name.removesuffix(".ready"), path.stat().st_mtime))
        except FileNotFoundError:
            continue
    return found
