"""What the site has beside its Markdown: state diagrams, and the coverage of the specification.

mkdocs calls these functions by their names. It runs in the root of the repository, as a module
(`python -m mkdocs build`), so that `docs` is importable.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs.hooks.spec_coverage import coverage_page
from docs.hooks.state_diagrams import DIAGRAMS

COVERAGE = "spec-coverage.md"
DIAGRAM = re.compile(r"^<!-- states: (\w+) -->$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages that a pattern of the navigation stands for; leave out unwritten ones."""
    config.nav = _pages(config.nav, Path(config.docs_dir))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated page."""
    files.append(File.generated(config, COVERAGE, content=coverage_page()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Draw the diagrams where the page asks for them."""
    return DIAGRAM.sub(lambda found: DIAGRAMS[found[1]].figure(), markdown)


def _pages(entry: Any, folder: Path) -> Any:
    match entry:
        case str() if "*" in entry:
            return sorted(page.relative_to(folder).as_posix() for page in folder.glob(entry))
        case str():
            return entry if entry == COVERAGE or (folder / entry).is_file() else None
        case dict():
            kept = {title: _pages(content, folder) for title, content in entry.items()}
            return {title: content for title, content in kept.items() if content} or None
        case _:
            return [kept for item in entry if (kept := _pages(item, folder))]
