"""`ably-realtime serve`: the local server of the package `ably-local`, if it is there."""

from __future__ import annotations

import importlib.util
import runpy
import sys

import click

from .problems import Failure

_SERVER = "ably_local"


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> None:
    """Serve on this machine, with ably-local."""
    if importlib.util.find_spec(_SERVER) is None:
        raise Failure(
            "the local server is the package ably-local, which is not installed",
            "Install it with: pip install ably-local",
        )
    sys.argv = [_SERVER, "serve", *arguments]
    runpy.run_module(_SERVER, run_name="__main__", alter_sys=True)
