"""What happens around a client, told briefly."""

from __future__ import annotations

from tests.uts.harness import accept
from tests.uts.harness.channels import CHANNEL, ChannelServer, confirm_attach
from tests.uts.harness.frames import connected, message
from tests.uts.harness.messages import send, together
from tests.uts.harness.presence import Wire, acknowledges_presence, member, presence

# PRESENCE, PUBLISH, SUBSCRIBE, PRESENCE_SUBSCRIBE and the two of annotations (TR3)
ALL_MODES = sum(1 << bit for bit in (16, 17, 18, 19, 21, 22))


def new_server() -> ChannelServer:
    """A server that does what clients ask, presence included, and resumes every connection."""
    server = ChannelServer(on_attach=confirm_attach(flags=ALL_MODES))
    assert server.on_message is not None
    server.on_message = together(server.on_message, acknowledges_presence)
    return server


async def say(server: ChannelServer, *names: str, channel: str = CHANNEL) -> None:
    """Let messages with these names arrive in one frame, and all that follows happen."""
    await send(server, message(channel, *({"name": name} for name in names)))


async def come(server: ChannelServer, *client_ids: str) -> None:
    """Let these clients enter the channel."""
    members = [member(client_id, "other", Wire.ENTER) for client_id in client_ids]
    await send(server, presence(CHANNEL, *members))


def lose_continuity(server: ChannelServer) -> None:
    """From here on the server knows no earlier connection: no resume succeeds."""
    server.on_connection_attempt = accept(connected("another-id", "another-key"))
