"""Items that came another way than through a channel: REST, a queue, a webhook (TM3, TP4, TAN3)."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from ..log import channel as log
from ..messages import Annotation, Message
from ..presence_messages import PresenceMessage
from .cipher import Cipher
from .payload import UndecodablePayload, decode_payload

Item = TypeVar("Item", Message, PresenceMessage, Annotation)


def decode(item: Item, cipher: Cipher | None) -> Item:
    """Undo the item's encoding; what cannot be undone stays, with its `encoding` (RSL6b)."""
    if item.encoding:
        try:
            item.data = decode_payload(item.data, item.encoding, cipher)
            item.encoding = None
        except UndecodablePayload as error:
            log.error("%s stays encoded: %s", item.id, error)
            item.data, item.encoding = error.data, error.encoding
    return item


class Encryption(Protocol):
    """Channel options, as far as decoding needs them."""

    @property
    def cipher(self) -> Any: ...


def cipher_from(options: Encryption | None) -> Cipher | None:
    """The cipher of some channel options."""
    if options is None or options.cipher is None:
        return None
    return Cipher(bytes(options.cipher.key))
