"""The environment of the continuous backups."""
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Continuous:
    # The server's files, read-only, where the server itself has them.
    data: Path
    # What belongs to the continuous backups alone.
    folder: Path
    # What kinds of places the backups go to, in the order of pgBackRest's numbers: volume, s3 and so on.
    repositories: list[str]
    full: str
    differential: str
    # Full backups that are kept at most; for how many days stands in pgBackRest's own configuration.
    keep: int
    user: str
    # Where pgBackRest, which knows sockets only, finds the server.
    socket: Path = Path("/tmp/dating-server")


def read_continuous(environment: Mapping[str, str]) -> Continuous | None:
    """None where the stack has none. The program of the deployment has checked the values."""
    repositories = environment.get("BACKUP_REPOSITORIES", "").split()
    if not repositories:
        return None
    return Continuous(
        data=Path(environment["PGDATA"]),
        folder=Path(environment.get("BACKUP_CONTINUOUS_FOLDER", "/backups/continuous")),
        repositories=repositories,
        full=environment["BACKUP_FULL"],
        differential=environment["BACKUP_DIFFERENTIAL"],
        keep=int(environment["BACKUP_FULL_KEEP"]),
        user=environment["PGUSER"],
    )
