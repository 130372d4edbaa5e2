"""Percentiles and histograms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ably_realtime.cli.latency import Latencies, histogram


def of(*values: float) -> Latencies:
    latencies = Latencies()
    for value in values:
        latencies.add(value)
    return latencies


def test_nothing_measured_is_nothing_said() -> None:
    assert (of().percentiles(), of().buckets(), histogram([], 80)) == ({}, [], [])


def test_percentiles_are_values_that_were_measured() -> None:
    assert of(*range(1, 101)).percentiles() == {
        "min": 1, "p50": 50, "p90": 90, "p95": 95, "p99": 99, "max": 100,
    }  # fmt: skip
    assert set(of(7).percentiles().values()) == {7}


def test_clocks_that_differ_make_no_negative_latency() -> None:
    assert of(-3).percentiles()["min"] == 0


def test_bounds_grow_by_1_2_5() -> None:
    assert of(0.9, 3, 3, 40).buckets() == [(1, 1), (2, 0), (5, 2), (10, 0), (20, 0), (50, 1)]


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0, 1000.0])
def test_a_single_value_has_one_bucket(value: float) -> None:
    [(bound, count)] = of(value).buckets()
    assert (bound >= value, count) == (True, 1)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_each_value_is_counted_where_it_belongs(values: list[float]) -> None:
    found = of(*values).buckets()
    lower = -1.0
    for bound, count in found:
        assert count == sum(lower < value <= bound for value in values)
        lower = bound
    assert sum(count for _, count in found) == len(values)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.integers(40, 200))
def test_a_histogram_keeps_within_its_width(values: list[float], width: int) -> None:
    found = of(*values).buckets()
    lines = histogram(found, width)
    assert [line for line in lines if len(line) > width] == []
    assert ["█" in line for line in lines] == [count > 0 for _, count in found]
