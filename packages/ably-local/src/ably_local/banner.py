"""What `serve` prints at the start: where the server is, and how clients reach it."""

from __future__ import annotations

import json
import shlex
from typing import Any

from .server import LocalAbly

_JAVASCRIPT_NAMES = {"use_token_auth": "useTokenAuth", "tls_port": "tlsPort"}


def banner(server: LocalAbly) -> str:
    """Return the text that introduces a server that has started."""
    facts = {"URL": server.url, "Key": server.key}
    if server.ca_file is not None:
        facts["CA file"] = str(server.ca_file)
    facts["Console"] = f"{server.url}/console"
    facts["Data"] = "in memory" if server.data is None else str(server.data)
    lines = [f"{name:<9}{value}" for name, value in facts.items()]
    for language, snippet in _snippets(server).items():
        lines += ["", f"{language}:", *(f"  {line}" for line in snippet)]
    return "\n".join([*lines, "", "Ctrl-C stops it.", ""])


def _snippets(server: LocalAbly) -> dict[str, list[str]]:
    options = server.client_options()
    python = [
        "from ably_realtime import AblyRealtime",
        f"client = AblyRealtime({_python(options)})",
    ]
    javascript = [f"const client = new Ably.Realtime({_javascript(options)});"]
    if server.ca_file is not None:
        python.insert(0, f"# SSL_CERT_FILE={shlex.quote(str(server.ca_file))} in the environment")
        javascript.insert(
            0, f"// NODE_EXTRA_CA_CERTS={shlex.quote(str(server.ca_file))} in the environment"
        )
    return {"Python": python, "JavaScript": javascript, "curl": _curl(server)}


def _python(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_literal(value)}" for name, value in options.items())


def _literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _javascript(options: dict[str, Any]) -> str:
    named = ((_JAVASCRIPT_NAMES.get(name, name), value) for name, value in options.items())
    return "{ " + ", ".join(f"{name}: {json.dumps(value)}" for name, value in named) + " }"


def _curl(server: LocalAbly) -> list[str]:
    key = shlex.quote(server.key)
    if server.ca_file is None:
        # A key is never sent over plain HTTP (RSC18).
        credentials = f'-H "Authorization: Bearer $(ably-local token {key})"'
    else:
        credentials = f"--cacert {shlex.quote(str(server.ca_file))} -u {key}"
    return [
        f"curl {server.url}/channels/orders/messages \\",
        f"  {credentials} \\",
        """  -H "Content-Type: application/json" -d '{"name": "created", "data": "one"}'""",
    ]
