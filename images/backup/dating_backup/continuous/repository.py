"""pgBackRest, as this service calls it."""
import json
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
    """The backups of one server, in one or two places.

    The name of a server's part (its stanza) is the number that initdb gave the server: another server that writes to the
    same place has a part of its own, and no write-ahead log of two servers is ever mixed.
    """

    def __init__(self, settings: Continuous) -> None:
        self._settings = settings
        self.stanza = str(system_identifier(settings.data))

    @property
    def places(self) -> range:
        """pgBackRest's numbers of the places."""
        return range(1, self._settings.repositories + 1)

    def create(self) -> None:
        """Begins the server's part in each place, where it is not there."""
        self._run("stanza-create", *self._server())

    def push(self, name: str) -> None:
        """Archives a file of the write-ahead log. One that is there already with the same content is no error."""
        self._run("archive-push", f"--pg1-path={self._settings.data}", str(self._settings.data / "pg_wal" / name))

    def back_up(self, kind: str, place: int) -> None:
        """Makes a base backup, and removes what is too old or too many."""
        self._run("backup", f"--type={kind}", f"--repo={place}", *self._server())
        # It has removed what is too old.
        keep = [f"--repo{place}-retention-full-type=count", f"--repo{place}-retention-full={self._settings.keep}"]
        self._run("expire", f"--repo={place}", *keep)

    def bases(self, place: int) -> list[Base]:
        """The base backups in a place, oldest first."""
        return [_base(backup) for backup in self._info(place).get("backup", [])]

    def last_segment(self) -> str | None:
        """The newest segment that each place has; None where a place has none."""
        newest = [archive["max"] for place in self.places for archive in self._info(place).get("archive", [])[-1:]]
        return min(newest) if len(newest) == len(self.places) and all(newest) else None

    def _info(self, place: int) -> dict:
        (found,) = json.loads(self._run("info", f"--repo={place}", "--output=json"))
        broken = [repo["status"]["message"] for repo in found.get("repo", []) if repo["status"]["code"] == _UNREADABLE]
        if broken:
            raise Failed(f"repository {place}: " + "; ".join(broken))
        return found

    def _server(self) -> list[str]:
        settings = self._settings
        return [
            *(f"--pg1-path={settings.data}", f"--pg1-socket-path={settings.socket}"),
            *(f"--pg1-user={settings.user}", "--pg1-database=postgres"),
        ]

    def _run(self, command: str, *options: str) -> str:
        done = subprocess.run(
            ["pgbackrest", f"--stanza={self.stanza}", command, *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            errors = [line for line in said if "ERROR" in line or "HINT" in line] or said[-3:]
            raise Failed(f"pgbackrest {command}: " + ("; ".join(errors[:4]) or f"exit code {done.returncode}"))
        return done.stdout


def system_identifier(data: Path) -> int:
    """The number that initdb gave a server: the first 8 bytes of its control file.

    https://github.com/postgres/postgres/blob/REL_17_STABLE/src/include/catalog/pg_control.h
    """
    with (data / "global/pg_control").open("rb") as file:
        return int.from_bytes(file.read(8), "little")


def _base(backup: dict) -> Base:
    begun = datetime.fromtimestamp(backup["timestamp"]["start"], timezone.utc)
    return Base(backup["label"], backup["type"], begun, backup["info"]["repository"]["delta"] or 0)
