"""Pages in docs of which a run writes some parts."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.worker_process import ROOT

DOCS = ROOT / "docs"
IMAGES = DOCS / "images"


def replace_part(page: Path, part: str, text: str) -> None:
    """Write the part of a page that stands between two comments with its name.

    The first is `<!-- figures: … -->`, with what writes it, the second `<!-- end of figures -->`.
    """
    content = page.read_text(encoding="utf-8")
    pattern = rf"(<!-- {part}: [^\n]*-->\n).*?(<!-- end of {part} -->)"
    replaced, count = re.subn(
        pattern, lambda found: f"{found[1]}{text}\n{found[2]}", content, flags=re.DOTALL
    )
    assert count == 1, f"{page.name} has no place for {part}"
    page.write_text(replaced, encoding="utf-8")
    print("written:", page.relative_to(ROOT) if page.is_relative_to(ROOT) else page)


def link(page: Path, image: Path) -> str:
    """How a page refers to an image."""
    return image.relative_to(page.parent).as_posix()
