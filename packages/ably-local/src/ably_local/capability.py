"""Capabilities: which operations a key or token may perform on which channels.

A capability is an object of resource patterns and operation names. A pattern is a channel name in
which a segment (the parts between colons) may be `*`; a final `*` stands for any further segments.
A leading qualifier such as `[meta]` must be matched too: `*` covers plain channels only, `[*]*`
covers every channel with any qualifier or none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import Code, refusal

ANY = "*"

OPERATIONS = frozenset(
    {
        "subscribe",
        "publish",
        "presence",
        "presence-subscribe",
        "history",
        "stats",
        "push-subscribe",
        "push-admin",
        "channel-metadata",
        "annotation-publish",
        "annotation-subscribe",
        "message-update-own",
        "message-update-any",
        "message-delete-own",
        "message-delete-any",
        "object-publish",
        "object-subscribe",
        "privileged-headers",
        ANY,
    }
)

METACHANNEL = "[meta]"

# What may be done on a metachannel: the server alone publishes there, and nobody is present.
_ON_METACHANNELS = frozenset({"subscribe", "history", "channel-metadata"})

_QUALIFIED = re.compile(r"\[([^\]]*)\](.*)", re.DOTALL)


def _split(resource: str) -> tuple[str | None, str]:
    match = _QUALIFIED.fullmatch(resource)
    return (match[1], match[2]) if match else (None, resource)


def _name_matches(pattern: str, name: str) -> bool:
    wanted, given = pattern.split(":"), name.split(":")
    if wanted[-1] == ANY:
        wanted.pop()
        if len(given) <= len(wanted):
            return False
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(
        want in (ANY, have) for want, have in zip(wanted, given, strict=True)
    )


def matches(pattern: str, resource: str) -> bool:
    """Say whether `pattern` covers `resource`, which may itself be a narrower pattern."""
    if pattern == ANY:
        return not resource.startswith("[")
    wanted_qualifier, wanted = _split(pattern)
    qualifier, name = _split(resource)
    if wanted_qualifier not in (ANY, qualifier):
        return False
    return _name_matches(wanted, name)


@dataclass(frozen=True, slots=True)
class Capability:
    """What may be done where. Immutable; `to_json()` is its canonical text."""

    resources: Mapping[str, frozenset[str]]

    @classmethod
    def parse(cls, value: object) -> Capability:
        """Read a capability given as a mapping or as JSON text; refuse anything else with 40000."""
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise refusal(Code.BAD_REQUEST, "the capability is not valid JSON") from None
        if not isinstance(value, dict) or not value:
            raise refusal(Code.BAD_REQUEST, "a capability is an object of resources and operations")
        return cls({str(k): cls._parse_operations(k, v) for k, v in value.items()})

    @staticmethod
    def _parse_operations(resource: object, operations: object) -> frozenset[str]:
        if isinstance(operations, str):
            operations = [operations]
        if not isinstance(resource, str) or not isinstance(operations, list) or not operations:
            raise refusal(Code.BAD_REQUEST, "a capability lists operations for each resource")
        for operation in operations:
            if operation not in OPERATIONS:
                raise refusal(Code.BAD_REQUEST, f"unknown capability operation {operation!r}")
        if ANY in operations and len(operations) > 1:
            raise refusal(Code.BAD_REQUEST, "the operation '*' stands alone")
        return frozenset(operations)

    @classmethod
    def all(cls) -> Capability:
        """Return the capability that permits everything on every plain channel."""
        return cls({ANY: frozenset({ANY})})

    def operations_on(self, channel: str) -> frozenset[str]:
        """Return the operations permitted on `channel`; `*` among them stands for all."""
        permitted: frozenset[str] = frozenset()
        for pattern, operations in self.resources.items():
            if matches(pattern, channel):
                permitted |= operations
        if channel.startswith(METACHANNEL):
            return _ON_METACHANNELS if ANY in permitted else permitted & _ON_METACHANNELS
        return permitted

    def allows_any(self, channel: str, operations: Iterable[str]) -> bool:
        """Say whether one of `operations` is permitted on `channel`."""
        return not self.operations_on(channel).isdisjoint({ANY, *operations})

    def allows_somewhere(self, operation: str) -> bool:
        """Say whether `operation` is permitted on any resource at all."""
        return any(operation in ops or ANY in ops for ops in self.resources.values())

    def intersect(self, other: Capability) -> Capability:
        """Return what both permit; it has no resources where they have nothing in common."""
        common: dict[str, frozenset[str]] = {}
        for mine, my_operations in self.resources.items():
            for theirs, their_operations in other.resources.items():
                if matches(mine, theirs):
                    resource = theirs
                elif matches(theirs, mine):
                    resource = mine
                else:
                    continue
                if ANY in my_operations:
                    operations = their_operations
                elif ANY in their_operations:
                    operations = my_operations
                else:
                    operations = my_operations & their_operations
                operations |= common.get(resource, frozenset())
                if operations:
                    common[resource] = frozenset({ANY}) if ANY in operations else operations
        return Capability(common)

    def to_json(self) -> str:
        """Return the canonical text: names and operations in order, no white space."""
        return json.dumps(
            {name: sorted(self.resources[name]) for name in sorted(self.resources)},
            separators=(",", ":"),
        )
