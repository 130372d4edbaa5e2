"""The Universal Test Specification's fixtures and its report."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.uts.harness.clients import ClientFactory, client_factory
from tests.uts.harness.clock import FakeClock
from tests.uts.harness.report import UtsReport, read_areas

UTS = Path(__file__).parent
REPORT = UTS.parents[1] / "build" / "uts-report.json"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(UtsReport(read_areas(UTS / "ids.tsv"), REPORT))


@pytest.fixture
async def clock() -> FakeClock:
    """Time that passes only when the test lets it."""
    return FakeClock()


@pytest.fixture
async def create_client(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ClientFactory]:
    """Makes clients on mocks; closes them at the end and checks that nothing is left behind."""
    async with client_factory(clock, monkeypatch) as factory:
        yield factory
