"""Queries over ordered collections, answered a page at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from urllib.parse import urlencode

from .errors import Code, refusal

T = TypeVar("T")

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

# As many digits as a time in milliseconds ever has, so that any store can hold the number.
_INTEGER = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Query:
    """Which items are wanted, in which order, and how many at a time (RSL2b)."""

    start: int | None = None
    end: int | None = None
    limit: int = DEFAULT_LIMIT
    backwards: bool = True
    until: str | None = None
    cursor: str | None = None

    @classmethod
    def parse(cls, params: Mapping[str, str]) -> Query:
        """Read a query from query parameters; refuse values out of range with 40003."""
        direction = params.get("direction", "backwards")
        if direction not in ("backwards", "forwards"):
            raise refusal(Code.INVALID_PARAMETER_VALUE, "direction is either backwards or forwards")
        limit = _integer(params, "limit")
        if limit is None:
            limit = DEFAULT_LIMIT
        if not 0 < limit <= MAX_LIMIT:
            raise refusal(Code.INVALID_PARAMETER_VALUE, f"limit is between 1 and {MAX_LIMIT}")
        start, end = _integer(params, "start"), _integer(params, "end")
        if start is not None and end is not None and start > end:
            raise refusal(Code.INVALID_PARAMETER_VALUE, "start is later than end")
        return cls(
            start=start,
            end=end,
            limit=limit,
            backwards=direction == "backwards",
            until=params.get("fromSerial") or params.get("from_serial"),
            cursor=params.get("cursor"),
        )

    def to_params(self) -> dict[str, str]:
        params = {
            "start": self.start,
            "end": self.end,
            "limit": self.limit,
            "direction": "backwards" if self.backwards else "forwards",
            "fromSerial": self.until,
            "cursor": self.cursor,
        }
        return {name: str(value) for name, value in params.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the query that gives the next ones, if there are any."""

    items: list[T]
    query: Query
    next: Query | None

    def links(self, path: str, extra: Mapping[str, str]) -> list[str]:
        """Return Link header values relative to the last segment of the request's path."""
        relations = [("first", replace(self.query, cursor=None)), ("current", self.query)]
        if self.next is not None:
            relations.append(("next", self.next))
        return [
            f'<./{path}?{urlencode({**extra, **query.to_params()})}>; rel="{relation}"'
            for relation, query in relations
        ]


def page_of(
    items: Iterable[T],
    query: Query,
    *,
    position: Callable[[T], str],
    timestamp: Callable[[T], int] | None = None,
) -> Page[T]:
    """Return the page of `items` that `query` asks for.

    `items` are in ascending order of `position`, a string that is unique among them; it is the
    cursor. An item lies `until` a serial if its position is that serial or belongs to that event.
    """

    def wanted(item: T) -> bool:
        if timestamp is not None:
            moment = timestamp(item)
            if query.start is not None and moment < query.start:
                return False
            if query.end is not None and moment > query.end:
                return False
        at = position(item)
        if query.until is not None and at > query.until and not at.startswith(query.until + ":"):
            return False
        if query.cursor is None:
            return True
        return at < query.cursor if query.backwards else at > query.cursor

    matching = [item for item in items if wanted(item)]
    if query.backwards:
        matching.reverse()
    page = matching[: query.limit]
    more = len(matching) > len(page)
    following = replace(query, cursor=position(page[-1])) if more else None
    return Page(page, query, following)


def _integer(params: Mapping[str, str], name: str) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    if not _INTEGER.fullmatch(value):
        raise refusal(Code.INVALID_PARAMETER_VALUE, f"{name} is a non-negative integer")
    return int(value)
