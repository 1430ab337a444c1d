"""Begins the verifications, in the process that may read what is to be restored."""
from ..continuous.repository import Repository
from ..continuous.settings import Continuous
from ..settings import Settings
from .base import Bases
from .dumps import Dumps
from .schedule import Schedule, Subject, Verifier
from .server import Server

_KEPT = "verified.json"


def dumps(settings: Settings) -> None:
    """Of a stack that has nothing but dumps."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    server = Server()
    _begin(Schedule(settings.verify, settings.folder / f".{_KEPT}"), server, [Dumps(settings.folder, server)])


def everything(settings: Settings, continuous: Continuous, repositories: list[Repository]) -> None:
    """Of a stack with continuous backups: the dumps, and each place."""
    server = Server()
    bases = [Bases(repository, continuous.data, server) for repository in repositories]
    _begin(Schedule(settings.verify, continuous.folder / _KEPT), server, [Dumps(settings.folder, server), *bases])


def _begin(schedule: Schedule, server: Server, subjects: list[Subject]) -> None:
    server.listen()
    Verifier(schedule, subjects).start()
