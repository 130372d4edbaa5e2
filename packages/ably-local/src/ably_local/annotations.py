"""Annotations of one message, and the summaries that are made of them.

The type of an annotation ends in the way it is summarised, such as `reaction:distinct.v1`. A type
that names no known way is delivered and remembered, but not summarised.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import Code, refusal
from .messages import Annotation, AnnotationAction


class Tally(ABC):
    """What the annotations of one type add up to (TM7)."""

    needs_client = True
    needs_name = True

    @abstractmethod
    def add(self, annotation: Annotation) -> None:
        """Count an annotation."""

    @abstractmethod
    def remove(self, annotation: Annotation) -> None:
        """Count what an annotation deletes no longer."""

    @abstractmethod
    def to_wire(self) -> dict[str, object]:
        """Return the summary."""


def _client_list(clients: dict[str, None]) -> dict[str, object]:
    return {"total": len(clients), "clientIds": list(clients), "clipped": False}


class Total(Tally):
    """How many there are, whoever made them."""

    needs_client = False
    needs_name = False

    def __init__(self) -> None:
        self._total = 0

    def add(self, annotation: Annotation) -> None:
        """Count an annotation."""
        self._total += 1

    def remove(self, annotation: Annotation) -> None:
        """Count one less."""
        self._total = max(0, self._total - 1)

    def to_wire(self) -> dict[str, object]:
        """Return the summary."""
        return {"total": self._total}


class Flagged(Tally):
    """Which clients made one."""

    needs_name = False

    def __init__(self) -> None:
        self._clients: dict[str, None] = {}

    def add(self, annotation: Annotation) -> None:
        """Count the client."""
        self._clients[annotation.client_id or ""] = None

    def remove(self, annotation: Annotation) -> None:
        """Count the client no longer."""
        self._clients.pop(annotation.client_id or "", None)

    def to_wire(self) -> dict[str, object]:
        """Return the summary."""
        return _client_list(self._clients)


class Distinct(Tally):
    """Which clients made one with each name."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, None]] = {}

    def add(self, annotation: Annotation) -> None:
        """Count the client under the name."""
        clients = self._names.setdefault(annotation.name or "", {})
        clients[annotation.client_id or ""] = None

    def remove(self, annotation: Annotation) -> None:
        """Count the client under the name no longer."""
        self._discard(annotation.name or "", annotation.client_id or "")

    def to_wire(self) -> dict[str, object]:
        """Return the summary."""
        return {name: _client_list(clients) for name, clients in self._names.items()}

    def _discard(self, name: str, client_id: str) -> None:
        clients = self._names.get(name, {})
        clients.pop(client_id, None)
        if not clients:
            self._names.pop(name, None)


class Unique(Distinct):
    """Which clients made one with each name, where the latest name of a client replaces others."""

    def add(self, annotation: Annotation) -> None:
        """Move the client to the name."""
        for name in list(self._names):
            self._discard(name, annotation.client_id or "")
        super().add(annotation)


class Multiple(Tally):
    """How often each client counted each name."""

    needs_client = False

    def __init__(self) -> None:
        self._names: dict[str, Counter[str | None]] = {}

    def add(self, annotation: Annotation) -> None:
        """Add the annotation's count, or one, to what the client has for the name."""
        counts = self._names.setdefault(annotation.name or "", Counter())
        counts[annotation.client_id] += 1 if annotation.count is None else annotation.count

    def remove(self, annotation: Annotation) -> None:
        """Take back all that the client has for the name."""
        counts = self._names.get(annotation.name or "", Counter())
        counts.pop(annotation.client_id, None)
        if not counts:
            self._names.pop(annotation.name or "", None)

    def to_wire(self) -> dict[str, object]:
        """Return the summary."""
        return {name: self._entry(counts) for name, counts in self._names.items()}

    @staticmethod
    def _entry(counts: Counter[str | None]) -> dict[str, object]:
        identified = {client: count for client, count in counts.items() if client is not None}
        return {
            "total": counts.total(),
            "clientIds": identified,
            "totalUnidentified": counts.get(None, 0),
            "totalClientIds": len(identified),
            "clipped": False,
        }


_TALLIES: dict[str, type[Tally]] = {
    "total.v1": Total,
    "flag.v1": Flagged,
    "distinct.v1": Distinct,
    "unique.v1": Unique,
    "multiple.v1": Multiple,
}


def check_type(annotation: Annotation) -> None:
    """Refuse an annotation that lacks what its type needs: a name (40001) or a client (40161)."""
    tally = _TALLIES.get(annotation.type.rpartition(":")[2])
    if tally is None:
        return
    if tally.needs_name and not annotation.name:
        raise refusal(
            Code.INVALID_REQUEST_BODY, f"annotations of type {annotation.type} need a name"
        )
    if tally.needs_client and annotation.client_id is None:
        raise refusal(
            Code.IDENTIFIED_CLIENT_REQUIRED,
            f"annotations of type {annotation.type} need an identified client",
            status=401,
        )


def summary_for(client_id: str, summary: Mapping[str, Any]) -> dict[str, object]:
    """Return the entries of a summary that a client has a part in.

    They keep their totals, name no other client and say that they are clipped.
    """
    narrowed: dict[str, object] = {}
    for kind, entry in summary.items():
        match kind.rpartition(":")[2]:
            case "total.v1":
                own = None
            case "flag.v1":
                own = _entry_for(client_id, entry)
            case _:
                named = {name: _entry_for(client_id, one) for name, one in entry.items()}
                own = {name: one for name, one in named.items() if one is not None}
        if own:
            narrowed[kind] = own
    return narrowed


def _entry_for(client_id: str, entry: Mapping[str, Any]) -> dict[str, object] | None:
    clients = entry["clientIds"]
    if client_id not in clients:
        return None
    own = {client_id: clients[client_id]} if isinstance(clients, dict) else [client_id]
    return {**entry, "clientIds": own, "clipped": True}


@dataclass(slots=True)
class Annotations:
    """The annotations of one message, oldest first."""

    all: list[Annotation] = field(default_factory=list)
    _tallies: dict[str, Tally] = field(default_factory=dict)

    def add(self, annotation: Annotation) -> dict[str, object] | None:
        """Add an annotation; return the new summary of the message if it takes part in one."""
        self.all.append(annotation)
        tally_type = _TALLIES.get(annotation.type.rpartition(":")[2])
        if tally_type is None:
            return None
        tally = self._tallies.setdefault(annotation.type, tally_type())
        if annotation.action is AnnotationAction.CREATE:
            tally.add(annotation)
        else:
            tally.remove(annotation)
        return {kind: tally.to_wire() for kind, tally in self._tallies.items()}
