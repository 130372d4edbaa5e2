"""What outlives the process: apps, and what channels keep.

Everything is read from memory, which is filled once: with the apps when the server starts, with a
channel's entries when it is first used. Storage is only told what was added. `commit()` is called
before anything is told to a client (see `sockets.py` and `rest/call.py`), so that nobody is told
what could still be lost, and everything written since the last call is committed together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .messages import Annotation, Message, PresenceMessage


class StorageError(Exception):
    """The data file can't be opened, read or written; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something a channel keeps: a version of a message, an annotation, or a change of presence.

    `serial` orders the entries of a channel. `since` is when what it belongs to was first received,
    in milliseconds since the epoch; from then on its age counts.
    """

    serial: str
    since: int
    item: Message | Annotation | PresenceMessage


class Journal(Protocol):
    """The entries of one channel."""

    def read(self) -> Sequence[Entry]:
        """Return what was written, in order of serials."""
        ...

    def write(self, entry: Entry) -> None:
        """Add an entry that is newer than all others; it is kept once `commit()` has returned."""
        ...


class Storage(Protocol):
    """Where a server keeps what is to outlive it. Every method raises StorageError if it can't."""

    def open(self) -> None:
        """Get ready; nothing else is called before."""
        ...

    def close(self) -> None:
        """Commit and let go; nothing else is called after."""
        ...

    def apps(self) -> Sequence[Mapping[str, Any]]:
        """Return every app as it was saved last, oldest first."""
        ...

    def save_app(self, app_id: str, app: Mapping[str, Any]) -> None:
        """Keep an app, a JSON object, in place of what was saved under its id."""
        ...

    def delete_app(self, app_id: str) -> None:
        """Forget an app and every entry of its channels."""
        ...

    def default_key(self) -> str | None:
        """Return the name of the key the server announces by default, if one was noted."""
        ...

    def set_default_key(self, name: str) -> None:
        """Note the name of the key the server announces by default."""
        ...

    def journal(self, app_id: str, channel: str) -> Journal:
        """Return the entries of a channel."""
        ...

    def forget_before(self, moment: int) -> None:
        """Forget every entry of what was first received before `moment`."""
        ...

    def commit(self) -> None:
        """Make sure that everything written so far outlives the process."""
        ...


class NoJournal:
    """The journal of a channel that keeps nothing beyond the process."""

    def read(self) -> Sequence[Entry]:
        """Return nothing."""
        return ()

    def write(self, entry: Entry) -> None:
        """Do nothing."""


class InMemory:
    """No storage at all: what the server knows ends with it."""

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def apps(self) -> Sequence[Mapping[str, Any]]:
        """Return nothing."""
        return ()

    def save_app(self, app_id: str, app: Mapping[str, Any]) -> None:
        """Do nothing."""

    def delete_app(self, app_id: str) -> None:
        """Do nothing."""

    def default_key(self) -> str | None:
        """Return None."""
        return None

    def set_default_key(self, name: str) -> None:
        """Do nothing."""

    def journal(self, app_id: str, channel: str) -> Journal:
        """Return a journal that keeps nothing."""
        return NoJournal()

    def forget_before(self, moment: int) -> None:
        """Do nothing."""

    def commit(self) -> None:
        """Do nothing."""
