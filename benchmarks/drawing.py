"""Drawings for pages in docs, which come out the same whenever the figures are the same."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.rcParams["svg.hashsalt"] = "ably"
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["path.simplify_threshold"] = 1.0


def drawing(below: str, beside: str, *, height: float = 3) -> tuple[Figure, Axes]:
    """An empty drawing with the names of its axes; `height` is in inches, of 7 in width."""
    figure = Figure(figsize=(7, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(below)
    axes.set_ylabel(beside)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure: Figure, path: Path) -> None:
    """Write a drawing as SVG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
