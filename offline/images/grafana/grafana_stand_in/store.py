"""What Grafana keeps: folders, data sources and dashboards, each under its uid."""
import hashlib
import hmac
import json
import os
import sqlite3
import time
from typing import Any

Document = dict[str, Any]


ADMINISTRATOR = ("user", "admin")


class Store:
    """Documents of several kinds in one SQLite file. A number that grows is each one's id, as in Grafana."""

    def __init__(self, path: str) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS document (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
            " uid TEXT NOT NULL, content TEXT NOT NULL, UNIQUE (kind, uid))"
        )

    def all(self, kind: str) -> list[Document]:
        rows = self._file.execute("SELECT id, content FROM document WHERE kind = ? ORDER BY id", (kind,))
        return [{**json.loads(content), "id": number} for number, content in rows]

    def get(self, kind: str, uid: str) -> Document | None:
        row = self._file.execute(
            "SELECT id, content FROM document WHERE kind = ? AND uid = ?", (kind, uid)
        ).fetchone()
        return {**json.loads(row[1]), "id": row[0]} if row else None

    def put(self, kind: str, uid: str, content: Document) -> Document:
        """Writes a document, whether it is there already or not, and returns it with its id."""
        self._file.execute(
            "INSERT INTO document (kind, uid, content) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, uid) DO UPDATE SET content = excluded.content",
            (kind, uid, json.dumps(content)),
        )
        found = self.get(kind, uid)
        assert found is not None
        return found

    def rename(self, kind: str, uid: str, to: str) -> None:
        self._file.execute("UPDATE document SET uid = ? WHERE kind = ? AND uid = ?", (to, kind, uid))

    def delete(self, kind: str, uid: str) -> None:
        self._file.execute("DELETE FROM document WHERE kind = ? AND uid = ?", (kind, uid))

    def wrong_logins(self, user: str, seconds: int) -> int:
        """How often somebody was wrong in the last seconds."""
        since = time.time() - seconds
        return sum(1 for login in self.all("wrong-login") if login["user"] == user and login["at"] > since)

    def add_wrong_login(self, user: str) -> None:
        self.put("wrong-login", os.urandom(8).hex(), {"user": user, "at": time.time()})

    def forget_wrong_logins(self, user: str) -> None:
        self._file.execute(
            "DELETE FROM document WHERE kind = 'wrong-login' AND json_extract(content, '$.user') = ?", (user,)
        )

    def has_password(self) -> bool:
        return self.get(*ADMINISTRATOR) is not None

    def set_password(self, password: str) -> None:
        salt = os.urandom(16)
        self.put(*ADMINISTRATOR, {"salt": salt.hex(), "hash": hashed(password, salt)})

    def is_password(self, password: str) -> bool:
        known = self.get(*ADMINISTRATOR)
        return known is not None and hmac.compare_digest(
            hashed(password, bytes.fromhex(known["salt"])), known["hash"]
        )


def hashed(password: str, salt: bytes) -> str:
    # As Grafana does: PBKDF2 with 10,000 rounds.
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 10_000, 50).hex()
