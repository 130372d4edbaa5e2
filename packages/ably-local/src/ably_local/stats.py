"""Statistics of one app, kept by the minute and added up to hours, days and months."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .clock import Clock
from .errors import Code, refusal
from .formats import is_json
from .paging import Page, Query, page_of

SCHEMA = "https://schemas.ably.com/json/app-stats-0.0.5.json"

# The ids of intervals sort like time, and that of an interval begins with that of a longer one.
_INTERVALS = {
    "minute": "%Y-%m-%d:%H:%M",
    "hour": "%Y-%m-%d:%H",
    "day": "%Y-%m-%d",
    "month": "%Y-%m",
}
_MINUTE = 60_000

Entries = Counter[str]


class Stats:
    """The statistics of one app."""

    def __init__(self, clock: Clock, app_id: str) -> None:
        self._clock = clock
        self._app_id = app_id
        self._minutes: dict[int, Entries] = {}
        self._traffic: dict[int, Counter[tuple[str, str, str, str]]] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """Add to an entry of the current minute, such as `channels.opened`."""
        self._entries(self._clock.now() // _MINUTE)[name] += amount

    def count_messages(self, direction: str, transport: str, kind: str, n: int, size: int) -> None:
        """Count `n` messages of `size` bytes together.

        `direction` is inbound or outbound, `transport` realtime or rest, `kind` messages or
        presence.
        """
        # Adding up under the headings is left to whoever reads: this happens for each frame sent.
        minute = self._clock.now() // _MINUTE
        traffic = self._traffic.get(minute)
        if traffic is None:
            traffic = self._traffic[minute] = Counter()
        traffic[direction, transport, kind, "count"] += n
        traffic[direction, transport, kind, "data"] += size

    def peak(self, name: str, value: int) -> None:
        """Note the highest value of something in the current minute."""
        entries = self._entries(self._clock.now() // _MINUTE)
        entries[name] = max(entries[name], value)

    def ingest(self, fixtures: object) -> None:
        """Add statistics for given minutes, as the sandbox allows; refuse bad ones with 40001."""
        for fixture in fixtures if isinstance(fixtures, list) else [fixtures]:
            if not isinstance(fixture, dict) or not isinstance(fixture.get("intervalId"), str):
                raise refusal(Code.INVALID_REQUEST_BODY, "a statistic has an intervalId")
            if not is_json(fixture):
                raise refusal(Code.INVALID_REQUEST_BODY, "a statistic is made of JSON values only")
            entries = self._entries(_parse(fixture["intervalId"]))
            for path, value in _leaves(fixture):
                for name in _entry_names(path):
                    entries[name] += value

    def page(self, query: Query, params: Mapping[str, str]) -> Page[dict[str, object]]:
        """Return the statistics between `start` and `end`, by `unit` (RSC6b).

        The two are times in milliseconds or ids of intervals, and both are included.
        """
        unit = params.get("unit") or params.get("by") or "minute"
        if unit not in _INTERVALS:
            raise refusal(Code.INVALID_PARAMETER_VALUE, f"unit is one of {', '.join(_INTERVALS)}")
        first = self._bound(params.get("start"), unit)
        last = self._bound(params.get("end"), unit)
        if first is not None and last is not None and first > last:
            raise refusal(Code.INVALID_PARAMETER_VALUE, "start is later than end")
        self._settle_traffic()
        totals: dict[str, Entries] = {}
        for minute, entries in sorted(self._minutes.items()):
            interval = _format(minute, unit)
            if (first or interval) <= interval <= (last or interval):
                _add(totals.setdefault(interval, Counter()), entries)
        items = [self._item(interval, unit, entries) for interval, entries in totals.items()]
        return page_of(items, query, position=lambda item: str(item["intervalId"]))

    def of_previous_minute(self) -> dict[str, object] | None:
        """Return the statistics of the minute before the current one, if it has any."""
        self._settle_traffic()
        minute = self._clock.now() // _MINUTE - 1
        entries = self._minutes.get(minute)
        return None if entries is None else self._item(_format(minute, "minute"), "minute", entries)

    def _entries(self, minute: int) -> Entries:
        return self._minutes.setdefault(minute, Counter())

    def _settle_traffic(self) -> None:
        traffic, self._traffic = self._traffic, {}
        for minute, counted in traffic.items():
            entries = self._entries(minute)
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
        now = _format(self._clock.now() // _MINUTE, "minute")
        if now.startswith(interval):
            item["inProgress"] = now
        return item

    @staticmethod
    def _bound(text: str | None, unit: str) -> str | None:
        if text is None:
            return None
        minute = int(text) // _MINUTE if text.isdecimal() and len(text) < 15 else _parse(text)
        return _format(minute, unit)


def _format(minute: int, unit: str) -> str:
    moment = datetime.datetime.fromtimestamp(minute * 60, datetime.UTC)
    return moment.strftime(_INTERVALS[unit])


def _parse(interval: str) -> int:
    """Return the first minute of an interval; refuse what is no id of one with 40003."""
    for pattern in _INTERVALS.values():
        try:
            moment = datetime.datetime.strptime(interval, pattern)
        except ValueError:
            continue
        return int(moment.replace(tzinfo=datetime.UTC).timestamp()) // 60
    raise refusal(Code.INVALID_PARAMETER_VALUE, "an interval looks like 2026-02-03:15:04")


def _add(totals: Entries, entries: Entries) -> None:
    for name, value in entries.items():
        if name.endswith(".peak"):
            totals[name] = max(totals[name], value)
        else:
            totals[name] += value


def _leaves(
    node: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], int]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        elif type(value) is int and path:
            yield (*path, name), value


def _entry_names(path: tuple[str, ...]) -> list[str]:
    """Return the entries that a number in the nested form of the sandbox counts towards."""
    match path:
        case ("inbound" | "outbound" as direction, transport, kind, metric):
            headings = [
                f"messages.{direction}.{transport}.{kind}",
                f"messages.{direction}.{transport}.all",
                f"messages.{direction}.all.{kind}",
                f"messages.{direction}.all.all",
                f"messages.all.{kind}",
                "messages.all.all",
            ]
            return [f"{heading}.{metric}" for heading in headings]
        case ("persisted", kind, metric):
            return [f"messages.persisted.{kind}.{metric}", f"messages.persisted.all.{metric}"]
        case ("connections", _, metric):
            return [f"connections.all.{metric}"]
        case ("apiRequests", metric):
            return [f"apiRequests.all.{metric}", f"apiRequests.other.{metric}"]
        case ("tokenRequests", metric):
            return [f"apiRequests.tokenRequests.{metric}"]
    return [".".join(path)]
