"""Annotations: publish, subscribe, delete, the summary and the list of them.

Prints:
    created receipts:flag.v1 delivered by me
    created rating:multiple.v1 stars by me
    deleted receipts:flag.v1 delivered by me
    summary 4
    listed ['delivered', 'stars', 'delivered']
"""

import asyncio

from ably import AblyRealtime
from ably import Annotation, AnnotationAction, ChannelMode, ChannelOptions, MessageAction

MODES = [
    ChannelMode.PUBLISH,
    ChannelMode.SUBSCRIBE,
    ChannelMode.ANNOTATION_PUBLISH,
    ChannelMode.ANNOTATION_SUBSCRIBE,
]


async def main(key, **local):
    async with AblyRealtime(key, client_id="me", **local) as client:
        channel = client.channels.get("mutable:example", ChannelOptions(modes=MODES))
        summaries = asyncio.Queue()
        annotations = asyncio.Queue()

        def on_message(message):
            if message.action == MessageAction.MESSAGE_SUMMARY:
                summaries.put_nowait(message.annotations.summary)

        await channel.subscribe(on_message)
        await channel.annotations.subscribe(annotations.put_nowait)
        serial = (await channel.publish("event", "look at this")).serials[0]

        flag = Annotation(type="receipts:flag.v1", name="delivered")
        stars = Annotation(type="rating:multiple.v1", name="stars", count=4)
        await channel.annotations.publish(serial, flag)
        await channel.annotations.publish(serial, stars)
        await channel.annotations.delete(serial, flag)
        for _ in range(3):
            got = await annotations.get()
            created = got.action == AnnotationAction.ANNOTATION_CREATE
            verb = "created" if created else "deleted"
            print(verb, got.type, got.name, "by", got.client_id)
        summary = {}
        while "rating:multiple.v1" not in summary:
            summary = await summaries.get()
        print("summary", summary["rating:multiple.v1"]["stars"]["total"])
        page = await channel.annotations.get(serial, {"limit": 100})
        print("listed", [annotation.name for annotation in page.items])
