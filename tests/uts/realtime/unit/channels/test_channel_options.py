"""TB, RTS3, RTL16: a channel's options."""

from __future__ import annotations

import pytest
from ably.util.crypto import get_default_params

from ably_realtime import AblyError, ChannelMode, ChannelOptions
from tests.uts.harness import KEY, ClientFactory, complete, record, states
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    attached_channel,
    ignore,
)
from tests.uts.harness.messages import begin, connect

CIPHER_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.mark.uts("realtime/unit/TB2/channel-options-attributes-0")
def test_defaults() -> None:
    options = ChannelOptions()

    assert options.cipher is None
    assert options.params is None
    assert options.modes is None
    assert options.attach_on_subscribe is True


@pytest.mark.uts("realtime/unit/TB2c/options-with-params-0")
def test_params() -> None:
    options = ChannelOptions(params={"rewind": "1", "delta": "vcdiff"})

    assert options.params == {"rewind": "1", "delta": "vcdiff"}


@pytest.mark.uts("realtime/unit/TB2d/options-with-modes-0")
def test_modes() -> None:
    options = ChannelOptions(modes=[ChannelMode.PUBLISH, ChannelMode.SUBSCRIBE])

    assert options.modes is not None
    assert set(options.modes) == {ChannelMode.PUBLISH, ChannelMode.SUBSCRIBE}
    assert len(options.modes) == 2


@pytest.mark.uts("realtime/unit/TB3/with-cipher-key-0")
def test_with_cipher_key() -> None:
    """The case writes the algorithm in lower case, TZ2a in capitals."""
    options = ChannelOptions.with_cipher_key(CIPHER_KEY)

    assert options.cipher is not None
    assert options.cipher.algorithm.lower() == "aes"
    assert options.cipher.key_length == 256


@pytest.mark.uts("realtime/unit/TB4/attach-on-subscribe-default-0")
def test_attach_on_subscribe() -> None:
    assert ChannelOptions().attach_on_subscribe is True
    assert ChannelOptions(attach_on_subscribe=False).attach_on_subscribe is False


@pytest.mark.uts("realtime/unit/RTS3b/options-set-on-new-0")
async def test_options_of_a_new_channel(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)
    options = ChannelOptions(params={"rewind": "1"}, modes=[ChannelMode.SUBSCRIBE])

    channel = client.channels.get(CHANNEL, options)

    assert channel.options.params == {"rewind": "1"}
    assert channel.options.modes is not None
    assert list(channel.options.modes) == [ChannelMode.SUBSCRIBE]


@pytest.mark.uts("realtime/unit/RTS3c/options-updated-existing-0")
async def test_options_of_an_existing_channel(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)
    channel = client.channels.get(CHANNEL, ChannelOptions(attach_on_subscribe=False))
    cipher = get_default_params({"key": CIPHER_KEY})

    same = client.channels.get(CHANNEL, ChannelOptions(cipher=cipher, attach_on_subscribe=True))

    assert same is channel
    assert channel.options.cipher is not None
    assert channel.options.attach_on_subscribe is True


@pytest.mark.uts("realtime/unit/RTS3c1/error-reattach-params-0")
async def test_params_of_an_attached_channel(create_client: ClientFactory) -> None:
    client = await connect(create_client, ChannelServer())
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    assert channel.state == "attached"

    with pytest.raises(AblyError) as refused:
        client.channels.get(CHANNEL, ChannelOptions(params={"rewind": "1"}))

    assert refused.value.code == 40000
    assert channel.options.params is None


@pytest.mark.uts("realtime/unit/RTS3c1/error-reattach-modes-1")
async def test_modes_of_an_attaching_channel(create_client: ClientFactory) -> None:
    client = await connect(create_client, ChannelServer(on_attach=ignore))
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    assert channel.state == "attaching"

    with pytest.raises(AblyError) as refused:
        client.channels.get(CHANNEL, ChannelOptions(modes=[ChannelMode.SUBSCRIBE]))

    assert refused.value.code == 40000


@pytest.mark.uts("realtime/unit/RTL16/set-options-updates-0")
async def test_set_options(create_client: ClientFactory) -> None:
    channel = create_client(key=KEY, auto_connect=False).channels.get(CHANNEL)

    await complete(
        channel.set_options(ChannelOptions(params={"delta": "vcdiff"}, attach_on_subscribe=False))
    )

    assert channel.options.params == {"delta": "vcdiff"}
    assert channel.options.attach_on_subscribe is False


@pytest.mark.uts("realtime/unit/RTL16a/triggers-reattach-0")
async def test_set_options_attaches_again(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    assert channel.state == "attached"
    changes = record(channel)

    await complete(channel.set_options(ChannelOptions(params={"rewind": "1"})))

    assert "attaching" in states(changes)
    assert channel.state == "attached"
    assert channel.options.params == {"rewind": "1"}
    assert len(server.attaches) == 2
    assert server.attaches[1]["params"] == {"rewind": "1"}
