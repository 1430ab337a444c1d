"""The service's environment, read once and checked as a whole."""
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from croniter import croniter


@dataclass(frozen=True)
class Settings:
    stack: str
    schedule: str
    keep: int
    keep_days: int
    folder: Path
    # When the newest backups are restored to see that they can be; None: never.
    verify: str | None = None


class InvalidSettings(Exception):
    """Lists everything that is wrong, by variable."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises InvalidSettings with every problem at once."""
    problems = [f"{name} is not set" for name in ("PGHOST", "PGUSER", "PGDATABASE", "BACKUP_STACK") if not environment.get(name)]
    schedule = environment.get("BACKUP_SCHEDULE", "")
    verify = environment.get("BACKUP_VERIFY")
    for name, cron in (("BACKUP_SCHEDULE", schedule), ("BACKUP_VERIFY", verify)):
        if cron is not None and (len(cron.split()) != 5 or not croniter.is_valid(cron)):
            problems.append(f"{name} must be a cron expression of five fields")
    numbers = {}
    for name in ("BACKUP_KEEP", "BACKUP_KEEP_DAYS"):
        value = environment.get(name, "")
        numbers[name] = int(value) if value.isdecimal() else 0
        if numbers[name] < 1:
            problems.append(f"{name} must be a whole number from 1")
    if problems:
        raise InvalidSettings("; ".join(problems))
    return Settings(
        stack=environment["BACKUP_STACK"],
        schedule=schedule,
        keep=numbers["BACKUP_KEEP"],
        keep_days=numbers["BACKUP_KEEP_DAYS"],
        folder=Path(environment.get("BACKUP_FOLDER", "/backups/scheduled")),
        verify=verify,
    )


def use_password(password: str) -> None:
    """For libpq, and so for pg_dump. Only this process and its children see it."""
    os.environ["PGPASSWORD"] = password.rstrip("\n")
