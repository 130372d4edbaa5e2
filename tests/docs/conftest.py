"""How many snippets ran, said at the end."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran = [
        report.nodeid.partition("[")[2].rpartition(":")[0]
        for report in terminalreporter.stats.get("passed", [])
        if "test_snippet_runs[" in report.nodeid
    ]
    terminalreporter.write_line(f"Snippets: {len(ran)} ran, of {len(set(ran))} pages")
