"""The continuous backups as a process beside the dumps: only the owner of the server's files can read those."""
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import status
from .place import Place
from .repository import Repository
from .service import Service
from .settings import Continuous, read_continuous
from ..settings import read_settings
from ..verify import base, begin

# The user of the dumps, as the Dockerfile makes it.
DUMPS = 10003
# After so many seconds without a word, it hangs.
SILENCE_SECONDS = 60


def start(settings: Continuous) -> None:
    """To be called by root, who is nobody any more afterwards: begins the other process, and goes on as the user of the dumps.

    Where the other process ends, this one does, too, and Docker starts both anew.
    """
    owner = settings.data.stat()
    settings.folder.mkdir(mode=0o750, exist_ok=True)
    for folder in (settings.folder, base.SCRATCH):
        if folder.exists():
            os.chown(folder, owner.st_uid, owner.st_gid)
    child = subprocess.Popen(
        [sys.executable, "-m", "dating_backup", "continuous"],
        # The folder above its own is the dumps'.
        **{"user": owner.st_uid, "group": owner.st_gid, "extra_groups": [DUMPS]},
    )
    os.setgroups([])
    os.setgid(DUMPS)
    os.setuid(DUMPS)
    threading.Thread(target=lambda: os._exit(child.wait() or 1), daemon=True).start()


def works(file: Path = status.FILE) -> bool:
    """Whether the other process lives, and what it did last went well."""
    told = status.read(file)
    if told is None or time.time() - told.at > SILENCE_SECONDS:
        return False
    return all(place.begun and not (place.archive_failed or place.base_failed) for place in told.places)


def main() -> None:
    """The other process."""
    settings = read_continuous(os.environ)
    assert settings, "serve begins this where there is something to do"
    repositories = [Repository(settings, number) for number in range(1, len(settings.repositories) + 1)]
    dumps = read_settings(os.environ)
    if dumps.verify:
        begin.everything(dumps, settings, repositories)
    Service(settings, [Place(settings, repository) for repository in repositories]).run()
