"""Channel names, with the qualifiers that may stand in front of them."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .errors import Code, Refusal, refusal

_QUALIFIED = re.compile(r"\[([^\]?]*)(?:\?([^\]]*))?\](.*)", re.DOTALL)
_BASE = re.compile(r"[^:\[\x00-\x1f][^\x00-\x1f]*")
_META = "meta"
_FILTER = "filter="


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A name as a client gives it, taken apart.

    `base` is the channel itself. `[?rewind=1]orders` and `[filter=…]orders` both mean `orders`,
    with `params` or a `filter` expression; `[meta]…` names a channel of its own.
    """

    base: str
    params: dict[str, str]
    filter: str | None = None

    @classmethod
    def parse(cls, name: str) -> ChannelName:
        """Take `name` apart; refuse an invalid one with 40010."""
        if not name.startswith("["):
            return cls(_checked(name, name), {})
        match = _QUALIFIED.fullmatch(name)
        if match is None:
            raise _invalid(name)
        qualifier, query, base = match[1], match[2] or "", match[3]
        params = dict(parse_qsl(query))
        if qualifier == _META:
            return cls(f"[{_META}]{_checked(base, name)}", params)
        if qualifier.startswith(_FILTER):
            expression = _decoded(qualifier.removeprefix(_FILTER), name)
            return cls(_checked(base, name), params, expression)
        if qualifier:
            raise _invalid(name)
        return cls(_checked(base, name), params)


def _checked(base: str, name: str) -> str:
    if not _BASE.fullmatch(base):
        raise _invalid(name)
    return base


def _decoded(text: str, name: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _invalid(name) from None


def _invalid(name: str) -> Refusal:
    return refusal(Code.INVALID_CHANNEL_NAME, f"invalid channel name {name[:100]!r}")
