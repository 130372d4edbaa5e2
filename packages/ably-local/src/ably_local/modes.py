"""Channel modes, and the capability operations that permit each."""

from __future__ import annotations

from collections.abc import Mapping

from .capability import ANY, Capability
from .frames import MODES, Flag

OPERATIONS: Mapping[Flag, tuple[str, ...]] = {
    Flag.PRESENCE: ("presence",),
    Flag.PUBLISH: ("publish",),
    Flag.SUBSCRIBE: ("subscribe",),
    Flag.PRESENCE_SUBSCRIBE: ("subscribe", "presence-subscribe"),
    Flag.ANNOTATION_PUBLISH: ("annotation-publish",),
    Flag.ANNOTATION_SUBSCRIBE: ("annotation-subscribe",),
}

# Annotations are delivered one by one only to clients that ask for it (RTAN4e).
DEFAULT = MODES & ~Flag.ANNOTATION_SUBSCRIBE

_BY_NAME = {flag.name.lower(): flag for flag in OPERATIONS if flag.name}


def requested(flags: int, names: str) -> Flag:
    """Return the modes asked for by name or, if there are no names, by the flags of an ATTACH.

    Asking for none means the default ones.
    """
    if names:
        modes = Flag(0)
        for name in names.split(","):
            modes |= _BY_NAME.get(name, Flag(0))
        return modes
    return Flag(flags & MODES) or DEFAULT


def granted(wanted: Flag, capability: Capability, channel: str) -> Flag:
    """Return those of the `wanted` modes that `capability` permits on `channel`."""
    modes = Flag(0)
    permitted = capability.operations_on(channel)
    for mode, operations in OPERATIONS.items():
        if mode in wanted and (ANY in permitted or not permitted.isdisjoint(operations)):
            modes |= mode
    return modes
