"""The reference describes every public name of both packages."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

import ably_local
import ably_realtime

MODULES = {"metrics", "seams"}  # public as they are; the rest is by name
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("package", [ably_local, ably_realtime])
def test_each_public_name_has_its_place(package: ModuleType) -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    described = re.findall(rf"^::: {package.__name__}\.(\w+)$", pages, flags=re.MULTILINE)
    assert len(described) == len(set(described))
    assert set(described) - MODULES == set(package.__all__)
