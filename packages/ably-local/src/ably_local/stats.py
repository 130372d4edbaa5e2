"""Statistics of one app, kept by the minute and added up to hours, days and months."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .clock import Clock
from .errors import Code, refusal
from .paging import Page, Query, page_of

SCHEMA = "https://schemas.ably.com/json/app-stats-0.0.5.json"

# A unit is a prefix of the id of a minute.
_UNITS = {"minute": 16, "hour": 13, "day": 10, "month": 7}
_INTERVAL = re.compile(r"\d{4}-\d\d(-\d\d(:\d\d(:\d\d)?)?)?")

Entries = Counter[str]


class Stats:
    """The statistics of one app."""

    def __init__(self, clock: Clock, app_id: str) -> None:
        self._clock = clock
        self._app_id = app_id
        self._minutes: dict[str, Entries] = {}
        self._traffic: dict[int, Counter[tuple[str, str, str, str]]] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """Add to an entry of the current minute, such as `channels.opened`."""
        self._now()[name] += amount

    def count_messages(self, direction: str, transport: str, kind: str, n: int, size: int) -> None:
        """Count `n` messages of `size` bytes together, under every heading they belong to.

        `direction` is inbound or outbound, `transport` realtime or rest, `kind` messages or
        presence.
        """
        # Adding up under the headings is left to whoever reads: this happens for each frame sent.
        traffic = self._traffic.setdefault(self._clock.now() // 60_000, Counter())
        traffic[direction, transport, kind, "count"] += n
        traffic[direction, transport, kind, "data"] += size

    def peak(self, name: str, value: int) -> None:
        """Note the highest value of something in the current minute."""
        entries = self._now()
        entries[name] = max(entries[name], value)

    def ingest(self, fixtures: object) -> None:
        """Add statistics for given minutes, as the sandbox allows; refuse bad ones with 40001."""
        for fixture in fixtures if isinstance(fixtures, list) else [fixtures]:
            if not isinstance(fixture, dict) or not isinstance(fixture.get("intervalId"), str):
                raise refusal(Code.INVALID_REQUEST_BODY, "a statistic has an intervalId")
            minute = _interval(fixture["intervalId"]).ljust(16, "0")
            entries = self._minutes.setdefault(minute, Counter())
            for path, value in _leaves(fixture):
                for name in _entry_names(path):
                    entries[name] += value

    def page(self, query: Query, params: Mapping[str, str]) -> Page[dict[str, object]]:
        """Return the statistics in an interval, by `unit` (RSC6b)."""
        unit = params.get("unit") or params.get("by") or "minute"
        if unit not in _UNITS:
            raise refusal(Code.INVALID_PARAMETER_VALUE, f"unit is one of {', '.join(_UNITS)}")
        width = _UNITS[unit]
        first = self._bound(params.get("start"), "")[:width]
        last = self._bound(params.get("end"), "9999")[:width]
        self._settle_traffic()
        totals: dict[str, Entries] = {}
        for minute, entries in sorted(self._minutes.items()):
            if first <= minute[:width] <= last:
                _add(totals.setdefault(minute[:width], Counter()), entries)
        items = [self._item(interval, unit, entries) for interval, entries in totals.items()]
        return page_of(items, query, position=lambda item: str(item["intervalId"]))

    def _now(self) -> Entries:
        return self._minutes.setdefault(self._minute(self._clock.now()), Counter())

    def _settle_traffic(self) -> None:
        traffic, self._traffic = self._traffic, {}
        for minute, counted in traffic.items():
            entries = self._minutes.setdefault(self._minute(minute * 60_000), Counter())
            for path, value in counted.items():
                for name in _entry_names(path):
                    entries[name] += value

    def _item(self, interval: str, unit: str, entries: Entries) -> dict[str, object]:
        item: dict[str, object] = {
            "intervalId": interval,
            "unit": unit,
            "schema": SCHEMA,
            "appId": self._app_id,
            "entries": {name: value for name, value in sorted(entries.items()) if value},
        }
        minute = self._minute(self._clock.now())
        if minute.startswith(interval):
            item["inProgress"] = minute
        return item

    def _bound(self, text: str | None, default: str) -> str:
        if text is None:
            return default
        return self._minute(int(text)) if text.isdecimal() else _interval(text)

    @staticmethod
    def _minute(moment: int) -> str:
        try:
            time = datetime.datetime.fromtimestamp(moment / 1000, datetime.UTC)
        except (OverflowError, ValueError, OSError):
            raise refusal(Code.INVALID_PARAMETER_VALUE, "a time is out of range") from None
        return time.strftime("%Y-%m-%d:%H:%M")


def _interval(text: str) -> str:
    if not _INTERVAL.fullmatch(text):
        raise refusal(Code.INVALID_PARAMETER_VALUE, "an interval looks like 2026-02-03:15:04")
    return text


def _add(totals: Entries, entries: Entries) -> None:
    for name, value in entries.items():
        if name.endswith(".peak"):
            totals[name] = max(totals[name], value)
        else:
            totals[name] += value


def _leaves(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[Any, int]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        elif type(value) is int and path:
            yield (*path, name), value


def _entry_names(path: tuple[str, ...]) -> list[str]:
    """Return the entries that a number in the nested form of the sandbox counts towards."""
    match path:
        case ("inbound" | "outbound" as direction, transport, kind, metric):
            return [f"{h}.{metric}" for h in _message_headings(direction, transport, kind)]
        case ("persisted", kind, metric):
            return [f"messages.persisted.{kind}.{metric}", f"messages.persisted.all.{metric}"]
        case ("connections", _, metric):
            return [f"connections.all.{metric}"]
        case ("apiRequests", metric):
            return [f"apiRequests.all.{metric}", f"apiRequests.other.{metric}"]
        case ("tokenRequests", metric):
            return [f"apiRequests.tokenRequests.{metric}"]
    return [".".join(path)]


def _message_headings(direction: str, transport: str, kind: str) -> list[str]:
    return [
        f"messages.{direction}.{transport}.{kind}",
        f"messages.{direction}.{transport}.all",
        f"messages.{direction}.all.{kind}",
        f"messages.{direction}.all.all",
        f"messages.all.{kind}",
        "messages.all.all",
    ]
