"""What the server and pgBackRest need of each other across containers: a socket, and a port that takes orders."""
import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from pathlib import Path

PORT = 9102
# Longer than a line can be.
_LONGEST = 400

log = logging.getLogger(__name__)


def answer_archiver(push: Callable[[str], bool], port: int = PORT) -> socketserver.ThreadingTCPServer:
    """Listens for the server's archive_command: a line with a file's name, answered with ok or failed."""
    return answer_lines(lambda name: "ok" if push(name) else "failed", port)


def answer_lines(answer: Callable[[str], str], port: int, address: str = "") -> socketserver.ThreadingTCPServer:
    """Listens, in threads, for a line a connection, which gets a line back."""

    class Line(socketserver.StreamRequestHandler):
        timeout = 10

        def handle(self) -> None:
            asked = self.rfile.readline(_LONGEST).decode("ascii", "replace").strip()
            try:
                self.wfile.write(f"{answer(asked)}\n".encode())
            except OSError as error:
                # It asks again for the same.
                log.info("%s: whoever asked for it is gone: %s", asked, error)

    class Listener(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    listener = Listener((address, port), Line)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    return listener


def forward_socket(folder: Path, host: str, port: int = 5432) -> None:
    """Makes a server on the network look like one of this machine, under the name that libpq expects."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f".s.PGSQL.{port}"
    path.unlink(missing_ok=True)

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                server = socket.create_connection((host, port), timeout=10)
            except OSError as error:
                # Closed at once, which libpq tells.
                log.warning("the database does not answer: %s", error)
                return
            server.settimeout(None)
            with server:
                back = threading.Thread(target=_pump, args=(server, self.request), daemon=True)
                back.start()
                _pump(self.request, server)
                back.join()

    class Listener(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

    listener = Listener(str(path), Connection)
    threading.Thread(target=listener.serve_forever, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        # The other side is told that nothing more comes, and may still answer.
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
