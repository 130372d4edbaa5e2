"""Print, as one line of JSON, which tests carry which case: a collection by pytest, without a run.

A process of its own, because collecting imports every test.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict

import pytest


class Collector:
    """A pytest plugin that notes the markers of what was collected."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which test carries which case."""
        for item in session.items:
            name = item.nodeid.split("[")[0]
            for mark in item.iter_markers("uts"):
                for case in mark.args:
                    if name not in self.tests[case]:
                        self.tests[case].append(name)


if __name__ == "__main__":
    collector = Collector()
    options = ["--collect-only", "--quiet", "-p", "no:cacheprovider"]
    status = pytest.main(["tests/uts", *options], plugins=[collector])
    if status:
        sys.exit(status)
    print(json.dumps(collector.tests))
