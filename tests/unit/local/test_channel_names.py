from __future__ import annotations

import base64

import pytest

from ably_local.channel_names import ChannelName
from ably_local.errors import Refusal


@pytest.mark.parametrize("name", ["orders", "a:b:c", "ünï/code #1", "a[b]", "*"])
def test_a_plain_name_is_its_own_base(name: str) -> None:
    parsed = ChannelName.parse(name)
    assert (parsed.base, parsed.params, parsed.filter) == (name, {}, None)


def test_qualifiers_are_taken_off() -> None:
    with_params = ChannelName.parse("[?rewind=1&delta=vcdiff]orders")
    assert with_params.base == "orders"
    assert with_params.params == {"rewind": "1", "delta": "vcdiff"}
    expression = base64.b64encode(b"name == 'a'").decode()
    derived = ChannelName.parse(f"[filter={expression}?rewind=2]orders")
    assert (derived.base, derived.filter) == ("orders", "name == 'a'")
    assert derived.params == {"rewind": "2"}


def test_a_meta_channel_keeps_its_qualifier() -> None:
    assert ChannelName.parse("[meta]log").base == "[meta]log"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ":a",
        "a\nb",
        "a\x00",
        "[",
        "[]",
        "[a",
        "[other]a",
        "[meta]",
        "[meta]:a",
        "[?rewind=1]",
        "[?a=b][?c=d]e",
        "[filter=%]a",
        "[filter=/w==]a",
    ],
)
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        ChannelName.parse(name)
    assert refused.value.error.code == 40010
