"""The test resources that all Ably SDKs share, where a checkout of the REST SDK brings them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

SUBMODULE = Path(__file__).parents[3] / "vendor/ably-python/submodules/test-resources"


def cases(name: str, key: str | None = None) -> list[Any]:
    """The cases of one file, or a single one that skips where the file is not there."""
    path = Path(os.environ.get("ABLY_TEST_VECTORS", SUBMODULE)) / name
    if not path.is_file():
        missing = pytest.mark.skip(
            reason=f"{name} not found: clone recursively, or set ABLY_TEST_VECTORS to its folder"
        )
        return [pytest.param(None, marks=missing)]
    content = json.loads(path.read_text(encoding="utf-8"))
    found: list[Any] = content if key is None else content[key]
    return found
