"""Archives in a folder: written whole or not at all, and kept for as long as it was said."""
import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from . import database

FORMAT = "dating-mini-app backup"
VERSION = 1
NAME = "%Y%m%dT%H%M%SZ"
_PARTIAL = ".partial-"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Archive:
    path: Path
    created: datetime
    size: int


def found(root: Path) -> list[Archive]:
    """The good archives, oldest first: with a manifest, and the size that it says."""
    archives = []
    for path in root.iterdir() if root.is_dir() else ():
        try:
            created = datetime.strptime(path.name, NAME).replace(tzinfo=timezone.utc)
            manifest = json.loads((path / "manifest.json").read_text())
            size = sum(part["bytes"] for part in manifest["parts"])
            if all((path / part["file"]).stat().st_size == part["bytes"] for part in manifest["parts"]):
                archives.append(Archive(path, created, size))
                continue
            log.warning("%s: a part has another size than its manifest says", path.name)
        except (ValueError, KeyError, TypeError, OSError) as error:
            if not path.name.startswith("."):
                log.warning("%s is no archive: %s", path.name, error)
    return sorted(archives, key=lambda archive: archive.created)


def write(root: Path, stack: str, now: datetime) -> Archive:
    """Dumps the database into a new archive. Whatever goes wrong, nothing is left that looks like one."""
    root.mkdir(parents=True, exist_ok=True)
    clear_partial(root)
    name = now.strftime(NAME)
    partial = root / f"{_PARTIAL}{name}"
    partial.mkdir(mode=0o750)
    try:
        part = _write_dump(partial / "database.dump")
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "name": name,
            "stack": stack,
            "createdAt": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "parts": [part],
        }
        _write_file(partial / "manifest.json", json.dumps(manifest, indent=2).encode())
        _sync(partial)
        partial.rename(root / name)
        _sync(root)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Archive(root / name, now, part["bytes"])


def clear_partial(root: Path) -> None:
    """Removes what a killed run left."""
    for path in root.glob(f"{_PARTIAL}*"):
        shutil.rmtree(path)


def expired(archives: list[Archive], keep: int, keep_days: int, now: datetime) -> list[Archive]:
    """Those of the archives, given oldest first, that are too many or too old; never the newest."""
    oldest = now - timedelta(days=keep_days)
    return [
        archive
        for place, archive in enumerate(archives[:-1])
        if archive.created < oldest or place < len(archives) - keep
    ]


def _write_dump(path: Path) -> dict:
    with path.open("xb") as file:
        facts = database.dump(file)
        file.flush()
        os.fsync(file.fileno())
    database.read_through(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"kind": "database", "file": path.name, "bytes": path.stat().st_size, "sha256": digest, **facts}


def _write_file(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
