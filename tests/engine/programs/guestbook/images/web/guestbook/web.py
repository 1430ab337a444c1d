"""The pages. A visit needs the database; an entry is handed to the worker by way of Redis."""
import hashlib
import hmac
import html
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from .stores import database, queue


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            return self.answer(200, "text/plain", "well\n")
        if self.path == "/version":
            return self.answer(200, "text/plain", os.environ["GUESTBOOK_VERSION"] + "\n")
        if self.path != "/":
            return self.answer(404, "text/plain", "there is nothing\n")
        with database() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT text, greeting FROM entries ORDER BY id")
            entries = cursor.fetchall()
        items = "".join(f"<li>{html.escape(text)}: {html.escape(greeting or '…')}</li>" for text, greeting in entries)
        self.answer(200, "text/html", f"<!doctype html><title>Guestbook</title><ul>{items}</ul>\n")

    def do_POST(self) -> None:
        fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        text = fields["text"][0]
        with database() as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO entries (text) VALUES (%s) RETURNING id", (text,))
            number = str(cursor.fetchone()[0])
        queue().rpush("entries", number)
        # With it, who wrote the entry may take it away again.
        seal = hmac.new(os.environ["SIGNING_KEY"].encode(), number.encode(), hashlib.sha256).hexdigest()
        self.answer(201, "text/plain", f"{number} {seal}\n")

    def answer(self, status: int, kind: str, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


server = ThreadingHTTPServer(("0.0.0.0", 8000), Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
