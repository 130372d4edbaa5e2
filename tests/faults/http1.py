"""As much HTTP/1.1 as a proxy needs: heads, and bodies of a stated length."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Head:
    """The first line and the headers, whose names are lower-case, of a request or an answer."""

    first_line: str
    headers: dict[str, str]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Head:
        """Raise EOFError if the peer closes before the head is complete."""
        text = (await reader.readuntil(END_OF_HEAD)).removesuffix(END_OF_HEAD).decode("latin-1")
        first_line, *lines = text.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(first_line, {name.lower(): value.strip() for name, _, value in pairs})

    @property
    def method(self) -> str:
        return self.first_line.split(" ")[0]

    @property
    def path(self) -> str:
        return urlsplit(self.first_line.split(" ")[1]).path

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.first_line.split(" ")[1]).query))

    @property
    def status(self) -> int:
        return int(self.first_line.split(" ")[1])

    @property
    def is_upgrade(self) -> bool:
        return self.headers.get("upgrade", "").lower() == "websocket"

    @property
    def content_length(self) -> int:
        return int(self.headers.get("content-length", "0"))

    def encode(self) -> bytes:
        lines = [self.first_line, *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join(lines).encode("latin-1") + END_OF_HEAD

    def with_headers(self, **changed: str | None) -> Head:
        """The same with some headers set or, where None is given, left out."""
        named = {name.replace("_", "-"): value for name, value in changed.items()}
        merged = {**self.headers, **named}
        return Head(self.first_line, {n: v for n, v in merged.items() if v is not None})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that the proxy gives itself; the body is sent as JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        body = b"" if self.body is None else json.dumps(self.body).encode()
        given = {name.lower(): value for name, value in self.headers.items()}
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
            **given,
        }
        phrase = HTTPStatus(self.status).phrase
        return Head(f"HTTP/1.1 {self.status} {phrase}", headers).encode() + body
