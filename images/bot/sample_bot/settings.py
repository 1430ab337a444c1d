"""The bot's environment, read once and checked as a whole."""
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Settings:
    bot_token: str = field(repr=False)
    database_url: str = field(repr=False)
    webapp_url: str
    photo_storage_path: str
    photo_cdn_url: str
    nsfw_threshold: float
    api_host: str
    api_port: int
    jwt_secret: str = field(repr=False)
    version: str
    fault: str


class InvalidSettings(Exception):
    """Lists everything that is wrong, by variable; never a value, which may be a secret."""

    def __init__(self, problems: list[str]):
        super().__init__("invalid configuration: " + "; ".join(problems))
        self.problems = problems


def _url(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _database_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    named = parts.hostname and parts.username and len(parts.path) > 1
    return parts.scheme in ("postgresql+asyncpg", "postgresql") and bool(named)


def _number(low: float, high: float):
    def check(value: str) -> bool:
        try:
            return low <= float(value) <= high
        except ValueError:
            return False

    return check


# Variable: default (None: required), check, what it must be.
_RULES = {
    "BOT_TOKEN": (None, re.compile(r"\d+:[\w-]+").fullmatch, "must look like 123456:ABC"),
    "BOT_DATABASE_URL": (None, _database_url, "must be postgresql+asyncpg://USER:PASSWORD@HOST:PORT/DATABASE"),
    "WEBAPP_URL": (None, _url, "must be an http(s) address"),
    "PHOTO_STORAGE_PATH": (None, lambda path: os.access(path, os.W_OK), "must be a folder that the bot can write"),
    "PHOTO_CDN_URL": (None, _url, "must be an http(s) address"),
    "NSFW_THRESHOLD": ("0.7", _number(0, 1), "must be a number from 0 to 1"),
    "API_HOST": ("0.0.0.0", bool, "must be an address"),
    "API_PORT": ("8080", lambda value: value.isdecimal() and 0 < int(value) < 65536, "must be a port"),
    "JWT_SECRET": (None, lambda value: len(value) >= 16, "must have at least 16 characters"),
    "SAMPLE_BOT_FAULT": ("", lambda value: value in ("", "unhealthy"), "must be empty or 'unhealthy'"),
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises InvalidSettings with every problem at once."""
    values, problems = {}, []
    for name, (default, check, expected) in _RULES.items():
        value = environment.get(name) or default
        if value is None:
            problems.append(f"{name} is not set")
        elif not check(value) and value != default:
            problems.append(f"{name} {expected}")
        values[name] = value
    if problems:
        raise InvalidSettings(problems)
    return Settings(
        bot_token=values["BOT_TOKEN"],
        # asyncpg knows the scheme without the driver's name, which is SQLAlchemy's.
        database_url=values["BOT_DATABASE_URL"].replace("+asyncpg", "", 1),
        webapp_url=values["WEBAPP_URL"],
        photo_storage_path=values["PHOTO_STORAGE_PATH"],
        photo_cdn_url=values["PHOTO_CDN_URL"],
        nsfw_threshold=float(values["NSFW_THRESHOLD"]),
        api_host=values["API_HOST"],
        api_port=int(values["API_PORT"]),
        jwt_secret=values["JWT_SECRET"],
        version=environment.get("SAMPLE_BOT_VERSION", "unknown"),
        fault=values["SAMPLE_BOT_FAULT"],
    )
