"""Starts the bot, and stops it without losing a request."""
import asyncio
import logging
import os
import signal
import sys

from aiohttp import web

from .api import make_app
from .database import make_pool
from .logs import event, set_up_logging
from .metrics import INFO, Traffic, watch
from .settings import InvalidSettings, Settings, read_settings

DRAIN_SECONDS = 25
SEND_SECONDS = 2

log = logging.getLogger(__name__)


async def serve(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    pool = await make_pool(settings.database_url)
    traffic = Traffic()
    watch(pool, traffic)
    INFO.labels(settings.version).set(1)
    app = make_app(settings, pool, traffic)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    # Not a TCPSite: stopping one closes the connections too, with the requests on them.
    server = await loop.create_server(runner.server, settings.api_host, settings.api_port, backlog=128)
    log.info("sample bot %s listens", settings.version, **event("started", port=settings.api_port))

    await stop.wait()
    traffic.draining = True
    server.close()
    log.info("stopping", **event("stopping", in_flight=traffic.in_flight))
    deadline = loop.time() + DRAIN_SECONDS
    while traffic.in_flight and loop.time() < deadline:
        await asyncio.sleep(0.05)
    left = traffic.in_flight
    # An answer counts as given before its last byte is sent: this waits for the bytes.
    await runner.server.shutdown(SEND_SECONDS)
    await runner.cleanup()
    # Closing politely waits for the database, which may be gone.
    pool.terminate()
    log.info("stopped", **event("stopped", requests_cut=left))


def main() -> None:
    set_up_logging()
    try:
        settings = read_settings(os.environ)
    except InvalidSettings as error:
        log.error("%s", error, **event("invalid_configuration", problems=error.problems))
        sys.exit(1)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
