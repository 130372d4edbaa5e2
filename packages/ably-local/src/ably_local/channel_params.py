"""The channel parameters this server knows (RTL4k1)."""

from __future__ import annotations

import re
from collections.abc import Mapping

DELTA = "delta"
MODES = "modes"
OCCUPANCY = "occupancy"
REWIND = "rewind"
REWIND_LIMIT = "rewindLimit"

_KNOWN = {
    DELTA: re.compile(r"vcdiff"),
    MODES: re.compile(r"[a-z_]+(,[a-z_]+)*"),
    OCCUPANCY: re.compile(r"metrics(\.[a-zA-Z]+)?"),
    REWIND: re.compile(r"\d{1,9}[sm]?"),
    REWIND_LIMIT: re.compile(r"\d{1,9}"),
}


def recognised(params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that have a known name and a valid value; the others have no effect."""
    return {
        name: value
        for name, value in params.items()
        if name in _KNOWN and _KNOWN[name].fullmatch(value)
    }
