"""A data file: what a server keeps, in SQLite.

What was committed survives the death of the process at any moment, `kill -9` included. A commit
appends to the write-ahead log with a plain `write()`, after which the data belongs to the operating
system; so `synchronous=NORMAL`, which calls `fsync()` only at checkpoints, loses nothing. When the
machine itself loses power, the last moments before may be missing; the file is consistent even
then. `FULL` would add an `fsync()` to each commit, which is a thousand times slower and more than
a server for development needs.

A commit takes tens of microseconds, so it is made on the event loop rather than in a thread. A
checkpoint, every thousand pages of 4 KiB, takes some milliseconds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from . import records
from .formats import compact_json
from .storage import Entry, StorageError

APPLICATION_ID = 0x41424C59  # tells `file` and us that it is a data file of this server
SCHEMA_VERSION = 1

_SCHEMA = f"""
BEGIN;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE apps (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE entries (
    app TEXT NOT NULL,
    channel TEXT NOT NULL,
    serial TEXT NOT NULL,
    since INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (app, channel, serial)
);
CREATE INDEX entries_by_age ON entries (since);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

# A commit that failed is tried again with the next, so each of these may be carried out twice.
_SAVE_APP = "INSERT INTO apps VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"
_DELETE_APP = "DELETE FROM apps WHERE id = ?"
_DELETE_ENTRIES = "DELETE FROM entries WHERE app = ?"
_SET = "INSERT OR REPLACE INTO settings VALUES (?, ?)"
_WRITE = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM entries WHERE since < ?"

_DEFAULT_KEY = "default key"


class SqliteJournal:
    """The entries of one channel in a data file."""

    def __init__(self, storage: SqliteStorage, app_id: str, channel: str) -> None:
        self._storage = storage
        self._app_id = app_id
        self._channel = channel

    def read(self) -> Sequence[Entry]:
        """Return what was written, in order of serials."""
        rows = self._storage.query(
            "SELECT serial, since, kind, body FROM entries WHERE app = ? AND channel = ?"
            " ORDER BY serial",
            self._app_id,
            self._channel,
        )
        return [
            Entry(serial, since, records.read(kind, body)) for serial, since, kind, body in rows
        ]

    def write(self, entry: Entry) -> None:
        """Add an entry; it is kept once `commit()` has returned."""
        kind, body = records.write(entry.item)
        self._storage.add(
            _WRITE, self._app_id, self._channel, entry.serial, entry.since, kind, body
        )


class SqliteStorage:
    """Keeps what a server knows in the file at `path`, which it makes if there is none.

    One server at a time has the file; the system frees it when the process ends, however it does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._waiting: list[tuple[str, tuple[object, ...]]] = []

    def open(self) -> None:
        """Open the file; raise StorageError if it is in use, damaged or not ours to write."""
        try:
            # It holds the secrets of keys.
            self._path.touch(mode=0o600)
            with ExitStack() as undo:
                database = sqlite3.connect(self._path, timeout=0, isolation_level=None)
                undo.callback(database.close)
                self._prepare(database)
                undo.pop_all()
        except OSError as error:
            raise StorageError(f"cannot open {self._path}: {error.strerror}") from error
        except sqlite3.Error as error:
            raise StorageError(self._explained(error)) from error
        self._database = database

    def close(self) -> None:
        """Commit and free the file."""
        if self._database is not None:
            try:
                self.commit()
            finally:
                self._database.close()
                self._database = None

    def apps(self) -> Sequence[Mapping[str, Any]]:
        """Return every app as it was saved last, oldest first."""
        return [json.loads(body) for (body,) in self.query("SELECT body FROM apps ORDER BY rowid")]

    def save_app(self, app_id: str, app: Mapping[str, Any]) -> None:
        """Keep an app in place of what was saved under its id."""
        self.add(_SAVE_APP, app_id, compact_json(app))

    def delete_app(self, app_id: str) -> None:
        """Forget an app and every entry of its channels."""
        self.add(_DELETE_APP, app_id)
        self.add(_DELETE_ENTRIES, app_id)

    def default_key(self) -> str | None:
        """Return the name of the key the server announces by default, if one was noted."""
        for (name,) in self.query("SELECT value FROM settings WHERE name = ?", _DEFAULT_KEY):
            return str(name)
        return None

    def set_default_key(self, name: str) -> None:
        """Note the name of the key the server announces by default."""
        self.add(_SET, _DEFAULT_KEY, name)

    def journal(self, app_id: str, channel: str) -> SqliteJournal:
        """Return the entries of a channel."""
        return SqliteJournal(self, app_id, channel)

    def forget_before(self, moment: int) -> None:
        """Forget every entry of what was first received before `moment`."""
        self.add(_FORGET, moment)

    def add(self, statement: str, *values: object) -> None:
        """Carry out a statement with the next commit."""
        self._waiting.append((statement, values))

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT finds, of all that was written so far."""
        assert self._database is not None
        self.commit()
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StorageError(self._explained(error)) from error

    def commit(self) -> None:
        """Make sure that everything written so far outlives the process.

        What can't be written now is tried again with the next commit.
        """
        if not self._waiting:
            return
        assert self._database is not None
        try:
            self._database.execute("BEGIN")
            for statement, group in groupby(self._waiting, itemgetter(0)):
                self._database.executemany(statement, [values for _, values in group])
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise StorageError(self._explained(error)) from error
        self._waiting.clear()

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        (application_id,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application_id != APPLICATION_ID and (tables or version):
            raise StorageError(f"{self._path} is a database of another program; name another file")
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"{self._path} was written by a newer ably-local (format {version}, this one knows"
                f" up to {SCHEMA_VERSION}); upgrade ably-local or name another file"
            )
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        # The first write takes the lock, which is then held until the file is closed.
        database.execute("BEGIN IMMEDIATE")
        database.execute("COMMIT")
        if not tables:
            database.executescript(_SCHEMA)
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StorageError(self._damaged(str(verdict)))

    def _explained(self, error: sqlite3.Error) -> str:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return (
                    f"{self._path} is in use, probably by another ably-local;"
                    " stop that one or name another file"
                )
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                return self._damaged(str(error))
            case _:
                return f"cannot use {self._path}: {error}"

    def _damaged(self, detail: str) -> str:
        return (
            f"{self._path} is damaged or no data file of ably-local ({detail});"
            " name another file, or move this one away to begin anew"
        )
