from __future__ import annotations

import pytest

from ably_local.errors import Refusal
from ably_local.paging import Page, Query, page_of

ITEMS = [f"{n:03}@s:0" for n in range(10)]


def page(query: Query) -> Page[str]:
    return page_of(ITEMS, query, position=str, timestamp=lambda item: int(item[:3]))


def walk(query: Query) -> list[list[str]]:
    pages: list[list[str]] = []
    following: Query | None = query
    while following is not None:
        found = page(following)
        pages.append(found.items)
        following = found.next
    return pages


def test_pages_cover_everything_once_in_either_direction() -> None:
    assert walk(Query(limit=4, backwards=False)) == [ITEMS[:4], ITEMS[4:8], ITEMS[8:]]
    backwards = ITEMS[::-1]
    assert walk(Query(limit=5)) == [backwards[:5], backwards[5:]]


def test_an_interval_includes_its_ends() -> None:
    assert page(Query(start=2, end=4, backwards=False)).items == ITEMS[2:5]
    assert page(Query(start=9)).items == ITEMS[9:]
    assert page(Query(start=20)).items == []


@pytest.mark.parametrize("until", ["003@s", "003@s:0"])
def test_until_includes_the_event_it_names(until: str) -> None:
    assert page(Query(until=until, backwards=False)).items == ITEMS[:4]


def test_a_page_that_ends_with_the_collection_is_the_last() -> None:
    assert page(Query(limit=10)).next is None
    assert page(Query(limit=9)).next is not None


def test_links_lead_to_the_pages() -> None:
    first = page(Query(limit=4, backwards=False))
    assert first.links("messages", {"x": "y z"}) == [
        '<./messages?x=y+z&limit=4&direction=forwards>; rel="first"',
        '<./messages?x=y+z&limit=4&direction=forwards>; rel="current"',
        '<./messages?x=y+z&limit=4&direction=forwards&cursor=003%40s%3A0>; rel="next"',
    ]


def test_a_query_is_read_from_parameters_and_written_back() -> None:
    params = {
        "start": "1",
        "end": "2",
        "limit": "3",
        "direction": "forwards",
        "fromSerial": "s",
        "cursor": "c",
    }
    query = Query.parse(params)
    assert query == Query(start=1, end=2, limit=3, backwards=False, until="s", cursor="c")
    assert query.to_params() == params
    assert Query.parse({}) == Query(limit=100, backwards=True)
    assert Query.parse({"from_serial": "s"}).until == "s"


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "ten"},
        {"start": "soon"},
        {"end": "late"},
        {"start": "2", "end": "1"},
        {"direction": "sideways"},
    ],
)
def test_a_bad_query_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        Query.parse(params)
    assert refused.value.error.code == 40003
