"""The REST SDK's submodule is recorded, and recorded alike in both places."""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATH = "vendor/ably-python"
URL = "https://github.com/ably/ably-python.git"
COMMIT = "00b2ee6fd5e22b9f41c8596c8e8d5455d6923300"  # v3.1.2


def test_gitmodules_names_the_rest_sdk_and_nothing_else() -> None:
    modules = configparser.ConfigParser()
    modules.read(ROOT / ".gitmodules", encoding="utf-8")
    assert {name: dict(modules[name]) for name in modules.sections()} == {
        f'submodule "{PATH}"': {"path": PATH, "url": URL}
    }


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="an unpacked archive has no git index")
def test_the_index_holds_the_submodule_at_its_commit() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "--stage"],  # noqa: S607 - whichever git made this checkout
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    submodules = [line for line in listing.splitlines() if line.startswith("160000 ")]
    assert submodules == [f"160000 {COMMIT} 0\t{PATH}"]
