"""The tests in the guide are tests that pass."""

from __future__ import annotations

from pathlib import Path

from tests.docs.test_snippets import blocks
from tests.integration.plugin.suite import WITH_ASYNCIO, Suite

pytest_plugins = ["pytester"]

GUIDE = Path(__file__).parents[3] / "docs" / "testing.md"


def test_the_tests_of_the_guide_pass(suite: Suite) -> None:
    suite.settings(WITH_ASYNCIO + "asyncio_mode = auto\n")
    snippets = [
        block for block in blocks(GUIDE.read_text(encoding="utf-8")) if block.info == "python"
    ]
    for snippet in snippets:
        suite.module(snippet.text, name=f"test_line_{snippet.line}")
    tests = "\n".join(snippet.text for snippet in snippets).count("def test_")
    assert tests >= 8
    # Those with parameters run once for each.
    suite.passes(tests + 1)
