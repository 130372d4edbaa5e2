from __future__ import annotations

import pytest

from ably_local.annotations import Annotations, check_type
from ably_local.errors import Refusal
from ably_local.messages import Annotation, AnnotationAction

DELETE = AnnotationAction.DELETE


def summary_of(kind: str, *steps: Annotation) -> object:
    annotations = Annotations()
    summary = None
    for step in steps:
        summary = annotations.add(step)
    assert annotations.all == list(steps)
    return None if summary is None else summary[kind]


def by(
    kind: str,
    client: str | None,
    name: str | None = None,
    *,
    count: int | None = None,
    action: AnnotationAction = AnnotationAction.CREATE,
) -> Annotation:
    return Annotation(type=kind, client_id=client, name=name, count=count, action=action)


def test_total_counts_them_all() -> None:
    kind = "views:total.v1"
    assert summary_of(kind, by(kind, None), by(kind, "a"), by(kind, "a")) == {"total": 3}
    steps = [by(kind, "a"), by(kind, "a", action=DELETE), by(kind, "a", action=DELETE)]
    assert summary_of(kind, *steps) == {"total": 0}


def test_flag_counts_each_client_once() -> None:
    kind = "read:flag.v1"
    steps = [by(kind, "a"), by(kind, "b"), by(kind, "a"), by(kind, "b", action=DELETE)]
    assert summary_of(kind, *steps) == {"total": 1, "clientIds": ["a"], "clipped": False}


def test_distinct_counts_each_client_once_for_each_name() -> None:
    kind = "reaction:distinct.v1"
    steps = [by(kind, "a", "x"), by(kind, "a", "y"), by(kind, "b", "x"), by(kind, "a", "x")]
    assert summary_of(kind, *steps, by(kind, "a", "y", action=DELETE)) == {
        "x": {"total": 2, "clientIds": ["a", "b"], "clipped": False}
    }


def test_unique_counts_each_client_for_its_latest_name() -> None:
    kind = "reaction:unique.v1"
    assert summary_of(kind, by(kind, "a", "x"), by(kind, "b", "x"), by(kind, "a", "y")) == {
        "x": {"total": 1, "clientIds": ["b"], "clipped": False},
        "y": {"total": 1, "clientIds": ["a"], "clipped": False},
    }


def test_multiple_adds_up_counts_by_client_and_name() -> None:
    kind = "claps:multiple.v1"
    steps = [
        by(kind, "a", "x", count=3),
        by(kind, "a", "x"),
        by(kind, None, "x", count=2),
        by(kind, "b", "x"),
        by(kind, "b", "y"),
        by(kind, "b", "x", action=DELETE),
        by(kind, "b", "y", action=DELETE),
    ]
    assert summary_of(kind, *steps) == {
        "x": {
            "total": 6,
            "clientIds": {"a": 4},
            "totalUnidentified": 2,
            "totalClientIds": 1,
            "clipped": False,
        }
    }


def test_types_are_summarised_apart() -> None:
    annotations = Annotations()
    annotations.add(by("a:total.v1", None))
    assert annotations.add(by("b:total.v1", None)) == {
        "a:total.v1": {"total": 1},
        "b:total.v1": {"total": 1},
    }


def test_other_types_have_no_summary() -> None:
    assert summary_of("com.example.note", by("com.example.note", "a")) is None


@pytest.mark.parametrize(
    ("kind", "client", "name", "code"),
    [
        ("a:total.v1", None, None, None),
        ("a:other", None, None, None),
        ("a:flag.v1", "c", None, None),
        ("a:flag.v1", None, None, 40161),
        ("a:distinct.v1", "c", None, 40001),
        ("a:unique.v1", None, "n", 40161),
        ("a:multiple.v1", None, "n", None),
        ("a:multiple.v1", None, None, 40001),
    ],
)
def test_a_type_says_what_its_annotations_need(
    kind: str, client: str | None, name: str | None, code: int | None
) -> None:
    if code is None:
        check_type(by(kind, client, name))
        return
    with pytest.raises(Refusal) as refused:
        check_type(by(kind, client, name))
    assert refused.value.error.code == code
