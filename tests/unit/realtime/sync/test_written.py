"""The synchronous client is what its generator makes of the asynchronous one, and all of it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import ably_realtime
import ably_realtime.sync
from ably_realtime import events
from ably_realtime.sync import events as sync_events
from scripts import sync_client
from scripts.sync_client import FACADES, INHERITED, PACKAGE, WORDING, Facade

TIMEOUT = inspect.Parameter(
    "timeout", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="float | None"
)


def test_the_same_names_are_exported() -> None:
    assert ably_realtime.sync.__all__ == sorted(ably_realtime.__all__)
    for name in set(ably_realtime.__all__) - {facade.name for facade in FACADES} - {"Stream"}:
        assert getattr(ably_realtime.sync, name) is getattr(ably_realtime, name)


@pytest.mark.parametrize("facade", FACADES, ids=lambda facade: facade.name)
def test_the_facades_are_written_anew_after_a_change(facade: Facade) -> None:
    """Formatting aside; `nox -s sync` writes them."""
    written = (PACKAGE / "sync" / f"{facade.module}.py").read_text(encoding="utf-8")
    assert meaning(written) == meaning(sync_client.source_of(facade))


def meaning(source: str) -> set[str]:
    """The code of a module without its formatting, with one import for each name."""
    return {part for node in ast.parse(source).body for part in imported(node) or [ast.dump(node)]}


def imported(node: ast.stmt) -> list[str]:
    if not isinstance(node, ast.ImportFrom):
        return []
    return [f"{node.level} {node.module} {name.name} {name.asname}" for name in node.names]


@pytest.mark.parametrize("wording", WORDING, ids=lambda wording: wording[1])
def test_what_is_said_otherwise_is_still_said(wording: tuple[str, str]) -> None:
    sources = [(PACKAGE / f"{facade.module}.py").read_text(encoding="utf-8") for facade in FACADES]
    assert any(wording[0] in unwrapped(source) for source in sources)


def test_a_docstring_that_speaks_of_awaiting_is_noticed() -> None:
    with pytest.raises(ValueError, match="say it without 'await'"):
        sync_client.reworded("You must await it.")


def pairs() -> Iterator[Any]:
    """Each public method or property of each class, beside its counterpart."""
    for facade in FACADES:
        original, written = classes(facade)
        for name in sorted(vars(original)):
            if sync_client.is_public(facade, name) and callable_or_property(original, name):
                yield pytest.param(original, written, name, id=f"{facade.name}.{name}")


def classes(facade: Facade) -> tuple[type, type]:
    if facade.name == "Emitter":
        return events.Emitter, sync_events.Emitter
    return getattr(ably_realtime, facade.name), getattr(ably_realtime.sync, facade.name)


def callable_or_property(owner: type, name: str) -> bool:
    return isinstance(inspect.getattr_static(owner, name), property) or (
        inspect.isfunction(getattr(owner, name))
    )


@pytest.mark.parametrize(("original", "written", "name"), list(pairs()))
def test_signature_docstring_and_type_are_the_same(
    original: type, written: type, name: str
) -> None:
    before, after = function(original, name), function(written, name)
    said = unwrapped(sync_client.reworded(before.__doc__ or ""))
    assert unwrapped(after.__doc__ or "").startswith(said)

    asked, given = inspect.signature(before), inspect.signature(after)
    returned = str(asked.return_annotation)
    waits = inspect.iscoroutinefunction(before) or "Awaitable" in returned or "Future" in returned
    expected = list(asked.parameters.values())
    if waits or returned.startswith("Stream"):
        last = 1 if expected[-1].kind is inspect.Parameter.VAR_KEYWORD else 0
        expected.insert(len(expected) - last, TIMEOUT)
    assert list(given.parameters.values()) == expected
    assert given.return_annotation == settled(returned)
    assert not inspect.iscoroutinefunction(after)


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def function(owner: type, name: str) -> Any:
    member = inspect.getattr_static(owner, name)
    return member.fget if isinstance(member, property) else member


def settled(returned: str) -> str:
    """What is left of a return type when it has been waited for."""
    if returned == "Awaitable[ConnectionStateChange | None] | None":
        return "ConnectionStateChange | None"
    if returned == "Awaitable[ChannelStateChange | None] | None":
        return "ChannelStateChange | None"
    return re.sub(r"^asyncio\.Future\[(.*)\]$", r"\1", returned)


def test_what_is_made_by_hand_is_there() -> None:
    ours, theirs = ably_realtime.sync.AblyRealtime, ably_realtime.AblyRealtime
    assert {name for name in INHERITED if "." not in name} >= {"__init__", "__del__"}
    assert hasattr(ours, "__enter__")
    assert hasattr(ours, "close")

    asked = inspect.signature(theirs).parameters
    given = inspect.signature(ours).parameters
    assert set(asked) - set(given) == {"rest"}
    assert set(given) - set(asked) == {"callback_executor"}
    assert all(given[name] == asked[name] for name in set(asked) & set(given))
