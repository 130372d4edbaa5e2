"""Presence: subscribe, enter, update, get, leave, and the same for others.

Prints:
    enter me {'status': 'here'}
    update me {'status': 'away'}
    members ['me'] True
    leave me
    then ['other text']
    members []
"""

import asyncio

from ably import AblyRealtime
from ably.types.presence import PresenceAction

NAMES = {PresenceAction.ENTER: "enter", PresenceAction.UPDATE: "update"}


async def main(key, **local):
    async with AblyRealtime(key, client_id="me", **local) as client:
        channel = client.channels.get("presence")
        seen = asyncio.Queue()
        await channel.presence.subscribe(seen.put_nowait)
        await channel.presence.enter({"status": "here"})
        await channel.presence.update({"status": "away"})
        for _ in range(2):
            member = await seen.get()
            print(NAMES[member.action], member.client_id, member.data)
        members = await channel.presence.get()
        print("members", [m.client_id for m in members], channel.presence.sync_complete)

        channel.presence.unsubscribe()
        left = asyncio.Event()

        def on_leave(member):
            print("leave", member.client_id)
            left.set()

        await channel.presence.subscribe("leave", on_leave)
        await channel.presence.leave()
        await left.wait()
        channel.presence.unsubscribe("leave", on_leave)

        await channel.presence.enter_client("me", "text")
        await channel.presence.update_client("me", "other text")
        print("then", [member.data for member in await channel.presence.get(client_id="me")])
        await channel.presence.leave_client("me")
        print("members", await channel.presence.get())
