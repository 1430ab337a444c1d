"""Hands a server that recovers the files of the write-ahead log that it asks for: its restore_command."""
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from . import wal
from .connections import answer_lines
from .repository import Failed

PORT = 9103


def main() -> None:
    """`fetch STANZA DATA`: listens on loopback, whose network the server shares. An order is a name and a path in DATA."""
    _, _, stanza, data = sys.argv

    def order(line: str) -> str:
        name, _, path = line.partition(" ")
        return answer(name, lambda: get(stanza, name, Path(data) / path))

    answer_lines(order, PORT, "127.0.0.1")
    threading.Event().wait()


def answer(name: str, fetch: Callable[[], bool]) -> str:
    """ok, missing, or failed with the reason: where it could not be asked, the server must not take the log for ended.

    fetch: whether there was such a file, which is then where it is wanted
    """
    if not wal.is_file(name):
        return "missing"
    try:
        return "ok" if fetch() else "missing"
    except (Failed, OSError) as error:
        return "failed: " + " ".join(str(error).split())


def get(stanza: str, name: str, path: Path) -> bool:
    """From whichever place has it. Raises Failed with pgBackRest's words."""
    done = subprocess.run(
        ["pgbackrest", f"--stanza={stanza}", f"--pg1-path={path.parent.parent}", "archive-get", name, str(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1):
        raise Failed(done.stderr or done.stdout)
    return done.returncode == 0
