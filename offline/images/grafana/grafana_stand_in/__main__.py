"""Serves Grafana's API on port 3000, or does what `grafana cli` does with the administrator's password."""
import argparse
import logging
import os
import sys
from pathlib import Path

from aiohttp import web

from .api import application
from .store import Store


def serve(store: Store) -> None:
    logging.basicConfig(level=logging.INFO, format="logger=stand-in level=%(levelname)s msg=%(message)s")
    file = os.environ.get("GF_SECURITY_ADMIN_PASSWORD__FILE")
    if not file:
        sys.exit("GF_SECURITY_ADMIN_PASSWORD__FILE is not set: there is no default password here")
    logging.info("this is a stand-in for Grafana, which draws nothing")
    # Grafana reads it when its database is new, and never again.
    if not store.has_password():
        store.set_password(Path(file).read_text().strip())
    web.run_app(application(store), port=3000, print=None, access_log=None)


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("grafana")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("server").set_defaults(run=lambda _, store: serve(store))
    cli = commands.add_parser("cli")
    cli.add_argument("--homepath")
    admin = cli.add_subparsers(required=True).add_parser("admin").add_subparsers(required=True)
    reset = admin.add_parser("reset-admin-password")
    reset.add_argument("--password-from-stdin", action="store_true", required=True)
    reset.set_defaults(run=lambda _, store: store.set_password(sys.stdin.readline().rstrip("\n")))
    return parser


arguments = command_line().parse_args()
folder = os.environ.get("GF_PATHS_DATA", "/var/lib/grafana")
arguments.run(arguments, Store(f"{folder}/stand-in.db"))
