"""Greets each entry, once it is written."""
import pathlib
import signal
import sys

from .stores import database, queue

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
alive = pathlib.Path("/tmp/alive")
while True:
    alive.touch()
    found = queue().blpop("entries", timeout=2)
    if not found:
        continue
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE entries SET greeting = 'welcome' WHERE id = %s", (int(found[1]),))
    print(f"greeted {found[1].decode()}")
