"""The members of an enum, cheap to name."""

from __future__ import annotations

from enum import Enum
from types import SimpleNamespace
from typing import TypeVar, cast

Kind = TypeVar("Kind", bound=Enum)


def members(kind: type[Kind]) -> type[Kind]:
    """Something whose attributes are the members of `kind`.

    In Python 3.11 `Kind.MEMBER` calls a function of Python each time, which takes as long as a
    machine's whole decision about a message. The tables of the machines name several.
    """
    return cast("type[Kind]", SimpleNamespace(**kind.__members__))
