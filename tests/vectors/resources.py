"""The test vectors that all Ably SDKs share: where they are, and how a test asks for them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

SUBMODULE = Path(__file__).parents[2] / "vendor/ably-python/submodules/test-resources"


def vectors(name: str, read: Callable[[Any], Iterable[tuple[str, Any]]]) -> list[Any]:
    """The cases that `read` finds, with an id for each, in the file of that name.

    They are values for `pytest.mark.parametrize`; where the file is not there it is a single one,
    which skips the test.
    """
    path = Path(os.environ.get("ABLY_TEST_VECTORS", SUBMODULE)) / name
    if not path.is_file():
        reason = f"{name} not found: clone recursively, or set ABLY_TEST_VECTORS to its folder"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id=name)]
    content = json.loads(path.read_text(encoding="utf-8"))
    return [pytest.param(value, id=case) for case, value in read(content)]
