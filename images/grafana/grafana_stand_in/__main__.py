"""Serves Grafana's API on port 3000."""
import logging
import os
import sys
from pathlib import Path

from aiohttp import web

from .api import application
from .store import Store

logging.basicConfig(level=logging.INFO, format="logger=stand-in level=%(levelname)s msg=%(message)s")
file = os.environ.get("GF_SECURITY_ADMIN_PASSWORD__FILE")
if not file:
    sys.exit("GF_SECURITY_ADMIN_PASSWORD__FILE is not set: there is no default password here")
logging.info("this is a stand-in for Grafana, which draws nothing")
folder = os.environ.get("GF_PATHS_DATA", "/var/lib/grafana")
web.run_app(
    application(Store(f"{folder}/stand-in.db"), Path(file).read_text().strip()),
    port=3000,
    print=None,
    access_log=None,
)
