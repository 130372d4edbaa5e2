"""The command line `ably-realtime`; one module a group of commands, over the public client.

Its libraries come with the extra `cli`. Without them `main` says what to install.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

_NEEDED = ("click", "httpx", "jwt", "rich")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    That is 0, 1 if it failed, 2 if it was asked wrongly, 130 after Ctrl-C and 143 after SIGTERM.
    """
    try:
        from .app import run
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _NEEDED:
            raise
        sys.stderr.write(
            f"ably-realtime: the command line needs {package}, which is not installed. "
            "Install it with: pip install 'ably-realtime[cli]'\n"
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return run(arguments)
