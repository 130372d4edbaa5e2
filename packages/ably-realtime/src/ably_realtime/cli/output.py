"""What commands print: results to stdout, everything else to stderr.

Results are for people, in columns, or with `--json` one object a line. Colours and progress appear
only on a terminal.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from .problems import Problem

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_GAP = 2


class OutputClosed(Exception):
    """Whoever read the output has gone."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a listing: its title, its width, None for the rest of the line, its style."""

    title: str
    width: int | None = None
    style: str = ""


class Output:
    """Where a command's results and remarks go."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.stdout: Console = console(sys.stdout)
        self.stderr: Console = console(sys.stderr)
        self._titled: tuple[Column, ...] | None = None

    @property
    def is_live(self) -> bool:
        """Whether someone is watching, who can be shown progress."""
        return self.stderr.is_terminal and not self.as_json

    def record(self, fields: Mapping[str, Any]) -> None:
        """Print one JSON object on a line of its own."""
        line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=str)
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosed from None

    def row(self, columns: Sequence[Column], cells: Sequence[str]) -> None:
        """Print one line of a listing; on a terminal, long cells fold within their column."""
        if not self.stdout.is_terminal:
            texts = [printable(cell) for cell in cells]
            line = aligned(columns, texts)
            self.stdout.print(Text(line), soft_wrap=True)
            return
        if self._titled != tuple(columns):
            self._titled = tuple(columns)
            self._grid(columns, [column.title for column in columns], header=True)
        self._grid(columns, [printable(cell) for cell in cells])

    def say(self, text: str, style: str = "") -> None:
        """Print a line of a result."""
        self.stdout.print(Text(text, style=style), soft_wrap=True)

    def remark(self, text: str) -> None:
        """Tell whoever is watching what goes on."""
        if self.is_live:
            self.stderr.print(Text(text, style="dim"), soft_wrap=True)

    def warn(self, text: str) -> None:
        """Say on stderr what should not go unnoticed."""
        if self.as_json:
            line = json.dumps({"warning": text}, ensure_ascii=False)
            self.stderr.print(Text(line), soft_wrap=True)
        else:
            self.stderr.print(Text(text, style="yellow"), soft_wrap=True)

    def fail(self, program: str, problem: Problem) -> None:
        """Say on stderr, in one line, why the command failed."""
        if self.as_json:
            text = Text(json.dumps(problem.record(), ensure_ascii=False))
        else:
            text = Text.assemble((f"{program}: ", "bold red"), printable(problem.line()))
        self.stderr.print(text, soft_wrap=True)

    @contextmanager
    def progress(self, *, beside_results: bool = False) -> Iterator[Progress]:
        """A progress bar on stderr, while someone is watching.

        Results that are printed meanwhile show the progress themselves, unless they go elsewhere.
        """
        hidden = not self.is_live or (beside_results and self.stdout.is_terminal)
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self.stderr,
            disable=hidden,
            transient=True,
        )
        if hidden:  # once entered, older versions of rich leave an empty line
            yield bar
        else:
            with bar:
                yield bar

    def _grid(
        self, columns: Sequence[Column], cells: Sequence[str], *, header: bool = False
    ) -> None:
        grid = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
        for column in columns:
            grid.add_column(
                width=column.width,
                overflow="fold",
                style="dim" if header else column.style,
                ratio=None if column.width else 1,
            )
        grid.expand = any(column.width is None for column in columns)
        grid.add_row(*(Text(cell) for cell in cells))
        self.stdout.print(grid)


class _Quiet(Console):
    """A console that lets a closed pipe be noticed instead of ending the process."""

    def on_broken_pipe(self) -> None:
        raise OutputClosed


def console(stream: TextIO) -> Console:
    """A console that shows text as it is given, in colour only on a terminal that wants it."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return _Quiet(
        file=stream,
        markup=False,
        highlight=False,
        emoji=False,
        color_system=None if plain else "auto",
        legacy_windows=False,
    )


def aligned(columns: Sequence[Column], cells: Iterable[str]) -> str:
    """One line of padded cells, which overflow rather than fold: for pipes and files."""
    padded = (cell.ljust(column.width or 0) for column, cell in zip(columns, cells, strict=True))
    return (" " * _GAP).join(padded).rstrip()


def printable(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def data_text(data: object) -> str:
    """A payload in one line: text as it is, bytes as base64, anything else as JSON."""
    if data is None:
        return ""
    if isinstance(data, str):
        return data
    if isinstance(data, (bytes, bytearray)):
        return base64.b64encode(data).decode()
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
