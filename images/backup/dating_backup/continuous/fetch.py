"""Hands a server that recovers the files of the write-ahead log that it asks for: its restore_command."""
import socketserver
import subprocess
import sys
from pathlib import Path

from . import wal

PORT = 9103


def main() -> None:
    """`fetch STANZA DATA`: listens on loopback, whose network the server shares. An order is a name and a path in DATA."""
    _, _, stanza, data = sys.argv

    class Order(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            name, _, path = self.rfile.readline(400).decode("ascii", "replace").strip().partition(" ")
            self.wfile.write(f"{get(stanza, name, Path(data) / path)}\n".encode())

    class Listener(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    Listener(("127.0.0.1", PORT), Order).serve_forever()


def get(stanza: str, name: str, path: Path) -> str:
    """ok, missing, or failed with the reason: where it could not be asked, the server must not take the log for ended."""
    if not wal.is_file(name):
        return "missing"
    done = subprocess.run(
        ["pgbackrest", f"--stanza={stanza}", f"--pg1-path={path.parent.parent}", "archive-get", name, str(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode in (0, 1):
        return "missing" if done.returncode else "ok"
    return "failed: " + " ".join((done.stderr or done.stdout).split())
