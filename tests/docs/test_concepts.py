"""The pages about states say what the client's own tables say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ably_realtime._core import channel, connection
from docs.hooks.state_diagrams import DIAGRAMS

CONCEPTS = Path(__file__).parents[2] / "docs" / "concepts"
Legal = Mapping[Any, frozenset[Any]]
MACHINES: dict[str, Legal] = {"connection": connection.LEGAL, "channel": channel.LEGAL}
PAGES = {"connection": CONCEPTS / "connection.md", "channel": CONCEPTS / "channels.md"}

each_machine = pytest.mark.parametrize("name", MACHINES)


def moves(legal: Legal) -> list[tuple[str, str]]:
    return sorted((start.value, end.value) for start in legal for end in legal[start])


@each_machine
def test_the_diagram_has_an_arrow_for_each_legal_move(name: str) -> None:
    drawn = re.findall(r'data-arrow="(\w+) (\w+)"', DIAGRAMS[name].figure())
    assert sorted(drawn) == moves(MACHINES[name])


@each_machine
def test_the_diagram_has_a_box_for_each_state(name: str) -> None:
    drawn = re.findall(r"<text [^>]+>(\w+)</text>", DIAGRAMS[name].figure())
    assert sorted(drawn) == sorted(state.value for state in MACHINES[name])


@each_machine
def test_the_page_shows_the_diagram(name: str) -> None:
    assert f"\n<!-- states: {name} -->\n" in PAGES[name].read_text(encoding="utf-8")


@each_machine
def test_the_page_explains_each_legal_move(name: str) -> None:
    page = PAGES[name].read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \| `(\w+)` \| \S", page, flags=re.MULTILINE)
    assert sorted(explained) == moves(MACHINES[name])


@each_machine
def test_the_page_explains_each_state(name: str) -> None:
    page = PAGES[name].read_text(encoding="utf-8").partition("## What leads where")[0]
    rows = re.findall(r"^\| (`.+?`) \|", page, flags=re.MULTILINE)
    explained = {state for row in rows for state in re.findall(r"`(\w+)`", row)}
    assert explained == {state.value for state in MACHINES[name]}
