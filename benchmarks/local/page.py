"""The page in docs: the parts of it that a run writes."""

from __future__ import annotations

from benchmarks.local.plots import draw_fan_out, draw_soak
from benchmarks.local.report import as_markdown
from benchmarks.local.soak import Soak
from benchmarks.pages import DOCS, IMAGES, link, replace_part
from benchmarks.report import introduction
from benchmarks.results import Run

PAGE = DOCS / "ably-local-performance.md"
FAN_OUT = IMAGES / "ably-local-fan-out.svg"
SOAK = IMAGES / "ably-local-soak.svg"


def refresh_rates(run: Run) -> None:
    """Write what a whole run measured, and draw it."""
    draw_fan_out(run, FAN_OUT)
    written = [
        introduction(run).replace("\n", "  \n"),
        as_markdown(run, run.samples),
        f"![Deliveries a second, by the number of subscribers]({link(PAGE, FAN_OUT)})",
    ]
    replace_part(PAGE, "rates", "\n\n".join(written))


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
        f"![The memory of the server, second by second]({link(PAGE, SOAK)})",
    ]
    replace_part(PAGE, "soak", "\n\n".join(written))
