"""A URL as the tests look at it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL, its query decoded."""

    scheme: str
    host: str
    port: int | None
    path: str
    params: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Url:
        parts = urlsplit(text)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        return cls(parts.scheme, parts.hostname or "", parts.port, parts.path, params)
