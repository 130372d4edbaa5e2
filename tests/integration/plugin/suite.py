"""A test suite as a user would write one, run by a pytest of its own."""

from __future__ import annotations

import textwrap
from importlib.metadata import entry_points

import pytest

SETTINGS = """
[pytest]
addopts = --strict-config --strict-markers
filterwarnings = error
"""
WITH_ASYNCIO = SETTINGS + "asyncio_default_fixture_loop_scope = function\nasyncio_debug = true\n"

IS_INSTALLED = any(found.name == "ably_local" for found in entry_points(group="pytest11"))
"""Whether pytest finds the plugin; it does not where the sources are merely on the path."""


class Suite:
    """Files and settings, and the outcome of running them in a process."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.path = pytester.path
        self.settings(WITH_ASYNCIO)

    def settings(self, text: str) -> None:
        """Replace the settings."""
        self._pytester.makeini(text)

    def conftest(self, text: str) -> None:
        """Write conftest.py."""
        self._pytester.makeconftest(textwrap.dedent(text))

    def module(self, text: str, name: str = "test_users") -> None:
        """Write a test module."""
        self._pytester.makepyfile(**{name: textwrap.dedent(text)})

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run the suite, with arguments for pytest."""
        loading = () if IS_INSTALLED else ("-p", "ably_local.pytest_plugin")
        return self._pytester.runpytest_subprocess(*loading, *arguments)

    def passes(self, count: int, *arguments: str) -> None:
        """Run the suite and check that so many tests passed and nothing else happened."""
        self.run(*arguments).assert_outcomes(passed=count, warnings=0)
