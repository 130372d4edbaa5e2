"""Which libraries a client runs on, in a process of its own: the first client decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

PROGRAM = """
import json, sys
for name in sys.argv[1:]:
    sys.modules[name] = None  # as if it were not installed
from ably_realtime import AblyRealtime
imported = [name for name in ("picows", "msgspec") if sys.modules.get(name)]
clients = [
    AblyRealtime(key="app.key:secret", auto_connect=False, use_binary_protocol=binary)
    for binary in (True, False)
]
loaded = [name for name in ("picows", "msgspec") if sys.modules.get(name)]
snapshots = [c.debug_snapshot() for c in clients]
print(json.dumps({"imported": imported, "loaded": loaded, "snapshots": snapshots}))
"""

needs_extra = pytest.mark.skipif(
    not (find_spec("picows") and find_spec("msgspec")), reason="needs ably-realtime[speed]"
)


def run(*absent: str, switch: str | None = None) -> dict[str, Any]:
    """What a program finds that has none of these modules, with the switch in its environment."""
    environment = {name: v for name, v in os.environ.items() if name != "ABLY_REALTIME_SPEED"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    if switch is not None:
        environment["ABLY_REALTIME_SPEED"] = switch
    done = subprocess.run(  # noqa: S603  # the program above
        [sys.executable, "-c", PROGRAM, *absent],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def libraries(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The transport and the codec of the MessagePack client and of the JSON client."""
    return [
        (snapshot["transport"].split()[0], snapshot["codec"]["library"].split()[0])
        for snapshot in found["snapshots"]
    ]


DEFAULT = [("websockets", "msgpack"), ("websockets", "json")]


@needs_extra
def test_installed_libraries_are_used() -> None:
    assert libraries(run()) == [("picows", "msgspec"), ("picows", "msgspec")]


@needs_extra
def test_the_switch_leaves_them_unimported() -> None:
    found = run(switch="0")
    assert found["loaded"] == []
    assert libraries(found) == DEFAULT


@needs_extra
def test_none_is_loaded_before_there_is_a_client() -> None:
    assert run()["imported"] == []


def test_without_the_extra_the_default_is_used() -> None:
    assert libraries(run("picows", "msgspec")) == DEFAULT


@needs_extra
def test_each_is_used_without_the_other() -> None:
    assert libraries(run("picows"))[0] == ("websockets", "msgspec")
    assert libraries(run("msgspec"))[0] == ("picows", "msgpack")
