"""The page in docs: the parts of it that a run writes."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.local.plots import draw_fan_out, draw_soak
from benchmarks.local.report import as_markdown
from benchmarks.local.soak import Soak
from benchmarks.report import introduction
from benchmarks.results import Run
from benchmarks.worker_process import ROOT

PAGE = ROOT / "docs" / "ably-local-performance.md"
IMAGES = ROOT / "docs" / "images"
FAN_OUT = IMAGES / "ably-local-fan-out.svg"
SOAK = IMAGES / "ably-local-soak.svg"


def refresh_rates(run: Run) -> None:
    """Write what a whole run measured, and draw it."""
    draw_fan_out(run, FAN_OUT)
    written = [
        introduction(run).replace("\n", "  \n"),
        as_markdown(run, run.samples),
        f"![Deliveries a second, by the number of subscribers]({_link(FAN_OUT)})",
    ]
    _replace("rates", "\n\n".join(written))


def refresh_soak(soak: Soak) -> None:
    """Write how a soak went, and draw it."""
    draw_soak(soak, SOAK)
    versions = ", ".join(f"{name} {version}" for name, version in soak.versions.items())
    done = ", ".join(f"{count:,} x {what}" for what, count in sorted(soak.done.items()))
    written = [
        f"{soak.date:%Y-%m-%d %H:%M} UTC, {soak.connections} connections, {soak.channels:,} "
        f"channels, {soak.seconds:.0f} s  \n{soak.machine}  \n{versions}",
        f"Verdict: {soak.verdict()}.",
        f"Done meanwhile: {done}.",
        f"![The memory of the server, second by second]({_link(SOAK)})",
    ]
    _replace("soak", "\n\n".join(written))


def _replace(part: str, text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {part}: written by the command above -->", f"<!-- end of {part} -->"
    assert page.count(begin) == page.count(end) == 1
    pattern = f"{re.escape(begin)}.*{re.escape(end)}"
    replaced = re.sub(pattern, lambda _: f"{begin}\n{text}\n{end}", page, flags=re.DOTALL)
    PAGE.write_text(replaced, encoding="utf-8")
    print("written:", PAGE.relative_to(ROOT))


def _link(image: Path) -> str:
    return image.relative_to(PAGE.parent).as_posix()
