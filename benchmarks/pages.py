"""Pages in docs of which a run writes some parts."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.worker_process import ROOT

DOCS = ROOT / "docs"
IMAGES = DOCS / "images"


def replace_part(page: Path, part: str, text: str) -> None:
    """Write the part of a page that stands between two comments with its name."""
    content = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {part}: written by the command above -->", f"<!-- end of {part} -->"
    assert content.count(begin) == content.count(end) == 1
    pattern = f"{re.escape(begin)}.*{re.escape(end)}"
    replaced = re.sub(pattern, lambda _: f"{begin}\n{text}\n{end}", content, flags=re.DOTALL)
    page.write_text(replaced, encoding="utf-8")
    print("written:", page.relative_to(ROOT) if page.is_relative_to(ROOT) else page)


def link(page: Path, image: Path) -> str:
    """How a page refers to an image."""
    return image.relative_to(page.parent).as_posix()
