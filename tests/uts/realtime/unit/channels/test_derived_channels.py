"""RTS5, DO2: channels derived by a filter."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl

import pytest

from ably_realtime import AblyRealtime, ChannelMode, ChannelOptions, DeriveOptions
from tests.uts.harness import KEY, ClientFactory
from tests.uts.harness.channels import CHANNEL


@pytest.fixture
async def client(create_client: ClientFactory) -> AblyRealtime:
    return create_client(key=KEY, auto_connect=False)


@pytest.mark.uts("realtime/unit/RTS5a/creates-derived-channel-0")
async def test_name(client: AblyRealtime) -> None:
    channel = client.channels.get_derived(CHANNEL, DeriveOptions(filter="name == 'foo'"))

    assert channel.name.startswith("[filter=")
    assert channel.name.endswith(f"]{CHANNEL}")


@pytest.mark.uts("realtime/unit/RTS5a1/filter-base64-encoded-0")
async def test_filter_is_base64(client: AblyRealtime) -> None:
    channel = client.channels.get_derived(CHANNEL, DeriveOptions(filter="name == 'test'"))

    encoded = base64.b64encode(b"name == 'test'").decode()
    assert channel.name == f"[filter={encoded}]{CHANNEL}"


@pytest.mark.uts("realtime/unit/RTS5a2/derived-with-params-0")
async def test_params(client: AblyRealtime) -> None:
    channel = client.channels.get_derived(
        CHANNEL,
        DeriveOptions(filter="type == 'message'"),
        ChannelOptions(params={"rewind": "1", "delta": "vcdiff"}),
    )

    qualifier, _, base = channel.name.removeprefix("[").partition("]")
    assert base == CHANNEL
    filter_, _, query = qualifier.partition("?")
    assert filter_.startswith("filter=")
    assert sorted(parse_qsl(query)) == [("delta", "vcdiff"), ("rewind", "1")]


@pytest.mark.uts("realtime/unit/RTS5/get-derived-with-options-0")
async def test_options(client: AblyRealtime) -> None:
    channel = client.channels.get_derived(
        CHANNEL,
        DeriveOptions(filter="true"),
        ChannelOptions(modes=[ChannelMode.SUBSCRIBE], attach_on_subscribe=False),
    )

    assert channel.options.modes is not None
    assert ChannelMode.SUBSCRIBE in channel.options.modes
    assert channel.options.attach_on_subscribe is False


@pytest.mark.uts("realtime/unit/DO2a/filter-attribute-0")
def test_derive_options() -> None:
    options = DeriveOptions(filter="name == 'event' && data.count > 10")

    assert options.filter == "name == 'event' && data.count > 10"
