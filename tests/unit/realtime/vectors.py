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
        reason = f"{name} not found: clone recursively, or set ABLY_TEST_VECTORS to its folder"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    content = json.loads(path.read_text(encoding="utf-8"))
    if key is not None:
        content = content[key]
    return content if isinstance(content, list) else [content]
