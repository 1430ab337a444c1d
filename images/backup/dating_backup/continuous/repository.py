"""pgBackRest, as this service calls it."""
import json
import re
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .settings import Continuous

# The status of a place that could not be read: https://pgbackrest.org/command.html#command-info has no numbers, and
# https://github.com/pgbackrest/pgbackrest/blob/release/2.55.1/src/command/info/info.c has them.
_UNREADABLE = 99


class Failed(Exception):
    """pgBackRest's own words."""


@dataclass(frozen=True)
class Base:
    """A base backup that is complete."""

    label: str
    # full, diff or incr
    kind: str
    begun: datetime
    # Bytes that it takes in its place, without those that it shares with an earlier one.
    size: int


class Repository:
    """The backups of one server in one place.

    The name of a server's part (its stanza) is the number that initdb gave the server: another server that writes to the
    same place has a part of its own, and no write-ahead log of two servers is ever mixed.
    """

    def __init__(self, settings: Continuous, number: int) -> None:
        self._settings = settings
        # pgBackRest's number of the place, from 1.
        self._number = number
        self.name = settings.repositories[number - 1]
        self.stanza = str(system_identifier(settings.data))
        self._configuration = _configuration_of(number)

    def create(self) -> None:
        """Begins the server's part, where it is not there."""
        self._run("stanza-create", *self._server())

    def push(self, name: str) -> None:
        """Archives a file of the write-ahead log. One that is there already with the same content is no error."""
        self._run("archive-push", f"--pg1-path={self._settings.data}", str(self._settings.data / "pg_wal" / name))

    def back_up(self, kind: str) -> None:
        """Makes a base backup, and removes what is too old or too many."""
        place = f"--repo={self._number}"
        self._run("backup", f"--type={kind}", place, *self._server())
        # It has removed what is too old.
        retention = f"--repo{self._number}-retention-full"
        self._run("expire", place, f"{retention}-type=count", f"{retention}={self._settings.keep}")

    def bases(self) -> list[Base]:
        """The base backups, oldest first."""
        return [_base(backup) for backup in self._info().get("backup", [])]

    def restore(self, folder: Path) -> None:
        """Restores the newest base backup, for a server that then asks for all of the log since."""
        folder.mkdir(mode=0o700)
        self._run("restore", f"--repo={self._number}", "--type=default", f"--pg1-path={folder}", low=True)

    def fetch(self, name: str, folder: Path, path: str) -> bool:
        """Puts a file of the log where a server wants it, below its folder. Whether there is one."""
        wanted = ["archive-get", f"--repo={self._number}", f"--pg1-path={folder}", name, str(folder / path)]
        return self._call(*wanted, may=(0, 1)).returncode == 0

    def last_segment(self) -> str | None:
        """The newest segment that there is; None where there is none."""
        archives = self._info().get("archive", [])
        return archives[-1]["max"] if archives else None

    def _info(self) -> dict:
        (found,) = json.loads(self._run("info", f"--repo={self._number}", "--output=json"))
        broken = [repo["status"]["message"] for repo in found.get("repo", []) if repo["status"]["code"] == _UNREADABLE]
        if broken:
            raise Failed(f"{self.name}: " + "; ".join(broken))
        return found

    def _server(self) -> list[str]:
        settings = self._settings
        return [
            *(f"--pg1-path={settings.data}", f"--pg1-socket-path={settings.socket}"),
            *(f"--pg1-user={settings.user}", "--pg1-database=postgres"),
        ]

    def _run(self, command: str, *options: str, low: bool = False) -> str:
        return self._call(command, *options, low=low).stdout

    def _call(self, command: str, *options: str, may: tuple[int, ...] = (0,), low: bool = False) -> subprocess.CompletedProcess:
        """low: behind all else that wants the processor."""
        own = [f"--config={self._configuration}", f"--lock-path=/tmp/pgbackrest/{self.name}"]
        done = subprocess.run(
            [*(["nice", "-n", "19"] if low else []), "pgbackrest", f"--stanza={self.stanza}", *own, command, *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode not in may:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            errors = [line for line in said if "ERROR" in line or "HINT" in line] or said[-3:]
            words = "; ".join(errors[:4]) or f"exit code {done.returncode}"
            raise Failed(f"{self.name}: pgbackrest {command}: {words}")
        return done


def _configuration_of(number: int, whole: Path = Path("/etc/pgbackrest/pgbackrest.conf")) -> Path:
    """pgBackRest's configuration without the other places: it archives in all that it knows, or in none."""
    other = re.compile(rf"repo(?!{number}-)\d+-")
    own = Path(f"/tmp/pgbackrest-{number}.conf")
    own.touch(mode=0o600)
    own.write_text("".join(line for line in whole.read_text().splitlines(keepends=True) if not other.match(line)))
    return own


def system_identifier(data: Path) -> int:
    """The number that initdb gave a server: the first 8 bytes of its control file.

    https://github.com/postgres/postgres/blob/REL_17_STABLE/src/include/catalog/pg_control.h
    """
    with (data / "global/pg_control").open("rb") as file:
        return int.from_bytes(file.read(8), "little")


def _base(backup: dict) -> Base:
    begun = datetime.fromtimestamp(backup["timestamp"]["start"], timezone.utc)
    return Base(backup["label"], backup["type"], begun, backup["info"]["repository"]["delta"] or 0)
