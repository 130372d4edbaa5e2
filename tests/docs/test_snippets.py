"""Every Python snippet of the documentation runs as it stands."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *ROOT.glob("packages/*/README.md"), *ROOT.glob("docs/**/*.md")]
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<info>.*)$")


class Block(NamedTuple):
    """A fenced block: the line its code starts on, the info string after the fence, its text."""

    line: int
    info: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown page."""
    opened: re.Match[str] | None = None
    start, lines = 0, list[str]()
    for number, line in enumerate(page.splitlines(), 1):
        fence = FENCE.match(line)
        if opened is None:
            if fence is not None:
                opened, start, lines = fence, number + 1, []
        elif fence is not None and not fence["info"] and fence["fence"] == opened["fence"]:
            yield Block(start, opened["info"].strip(), "\n".join(lines))
            opened = None
        else:
            lines.append(line.removeprefix(opened["indent"]))
    if opened is not None:
        raise ValueError(f"the block that starts on line {start} is never closed")


def run(block: Block, page: Path) -> None:
    """Run a snippet in a namespace of its own; `await` may stand outside any function."""
    # Blank lines put the page's own line numbers into a traceback.
    text = "\n" * (block.line - 1) + block.text
    code = compile(text, page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    namespace = {"__name__": "__main__"}
    outcome = eval(code, namespace)  # noqa: S307 - the documentation is ours
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome, debug=True)


def is_python(block: Block) -> bool:
    return re.match(r"(python|py)\b", block.info) is not None


SNIPPETS = [
    pytest.param(page, block, id=f"{page.relative_to(ROOT).as_posix()}:{block.line}")
    for page in PAGES
    for block in blocks(page.read_text(encoding="utf-8"))
    if is_python(block)
]


def test_the_readme_has_a_snippet() -> None:
    assert "README.md:" in " ".join(str(snippet.id) for snippet in SNIPPETS)


@pytest.mark.parametrize(("page", "block"), SNIPPETS)
def test_snippet_runs(page: Path, block: Block) -> None:
    assert block.info == "python", "a Python block takes no option: each one runs"
    run(block, page)


def test_blocks_are_found_with_their_lines() -> None:
    page = "text\n```python\na = 1\n\nb = 2\n```\n- item\n  ```python no-run\n  c\n  ```\n"
    assert list(blocks(page)) == [
        Block(3, "python", "a = 1\n\nb = 2"),
        Block(9, "python no-run", "c"),
    ]


def test_an_unclosed_block_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 2 is never closed"):
        list(blocks("```python\nlost = True\n"))


@pytest.mark.parametrize(
    "text", ["raise LookupError", "import asyncio\nawait asyncio.sleep(0)\nraise LookupError"]
)
def test_a_failing_snippet_fails(text: str) -> None:
    with pytest.raises(LookupError) as failure:
        run(Block(7, "python", text), Path("page.md"))
    assert failure.traceback[-1].lineno == 6 + text.count("\n")  # counted from 0
