"""The commands of the image: serve, dump, continuous, which serve begins, and fetch, for a server that recovers."""
import json
import logging
import os
import signal
import sys

import psycopg2
from prometheus_client import REGISTRY, start_http_server

from .continuous import fetch, process, status
from .continuous.settings import read_continuous
from .database import DumpFailed, dump
from .schedule import Scheduler
from .settings import InvalidSettings, read_settings, use_password
from .verify import begin
from .verify import status as verified

PORT = 9101


def serve() -> None:
    settings = read_settings(os.environ)
    continuous = read_continuous(os.environ)
    with open(os.environ["BACKUP_PASSWORD_FILE"], encoding="ascii") as file:
        use_password(file.read())
    if continuous:
        process.start(continuous)
        REGISTRY.register(status.Collector())
    if settings.verify:
        REGISTRY.register(verified.Collector())
        if not continuous:
            begin.dumps(settings)
    scheduler = Scheduler(settings, works=process.works if continuous else lambda: True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: scheduler.stop())
    start_http_server(PORT)
    scheduler.run()
    # Without waiting for the thread of a dump under way.
    os._exit(0)


def dump_to_stdout() -> None:
    use_password(sys.stdin.readline())
    facts = dump(sys.stdout.buffer)
    print(json.dumps(facts), file=sys.stderr)


COMMANDS = {"serve": serve, "dump": dump_to_stdout, "continuous": process.main, "fetch": fetch.main}

if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: {' | '.join(COMMANDS)}")
    try:
        COMMANDS[sys.argv[1]]()
    except (InvalidSettings, DumpFailed, psycopg2.Error, OSError) as error:
        sys.exit(f"backup: {str(error).strip()}")
