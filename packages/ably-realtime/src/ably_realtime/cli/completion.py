"""`ably-realtime completion`: what a shell runs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_PROGRAM = "ably-realtime"
_VARIABLE = "_ABLY_REALTIME_COMPLETE"

# \b keeps click from filling the lines.
_EPILOG = """\b
~/.bashrc                   eval "$(ably-realtime completion bash)"
~/.zshrc                    eval "$(ably-realtime completion zsh)"
~/.config/fish/config.fish  ably-realtime completion fish | source
"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    found = get_completion_class(shell)
    assert found is not None
    script = found(context.find_root().command, {}, _PROGRAM, _VARIABLE)
    click.echo(script.source())
