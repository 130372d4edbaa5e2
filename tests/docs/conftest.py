"""How many snippets ran, said at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a snippet says about the log, which is the whole process's."""
    before = {logging.root: logging.root.level} | {
        logger: logger.level
        for logger in logging.root.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
    }
    handlers = list(logging.root.handlers)
    yield
    for logger, level in before.items():
        logger.setLevel(level)
    logging.root.handlers[:] = handlers


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran = [
        report.nodeid.partition("[")[2].rpartition(":")[0]
        for report in terminalreporter.stats.get("passed", [])
        if "test_snippet_runs[" in report.nodeid
    ]
    terminalreporter.write_line(f"Snippets: {len(ran)} ran, of {len(set(ran))} pages")
