from __future__ import annotations

import pytest

from tests.integration.plugin.suite import Suite


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    return Suite(pytester)
