"""A server that says what Ably would say, as fast as Python can, and knows nothing.

Run as `python -m benchmarks.stub.server`; it prints its port, and ends when its standard input
closes. The name of a channel is the order for what is to happen when it is attached:

    flood:SIZE:BATCH:COUNT    COUNT messages of SIZE bytes, BATCH a frame
    encrypted:SIZE:COUNT      COUNT encrypted messages, one a frame
    deltas:SIZE:COUNT         COUNT messages, one a frame, most of them deltas
    members:COUNT             a presence sync of COUNT members
    leaves:COUNT              the members of the channel members:COUNT leave
    prompt                    from now on the server waits for frames without sleeping
    echo                      as prompt, and each publish is sent back, beside its ACK
    reset                     the socket is reset, unless the connection was resumed
    anything else             ATTACHED, no more

A client here sends no long frame but a publish of one message. So a long frame is counted and
acknowledged without a look inside, with everything else that came in the same read.
"""

from __future__ import annotations

import itertools
import socket
import socketserver
import struct
import sys
import threading

from websockets.frames import Opcode

from . import wire as w
from .websocket import ClientFrames, server_frame, switch_protocols

LONGEST_REQUEST = 100
"""Bytes of payload; an ATTACH stays below, a publish of 64 bytes of text does not."""

_connection_numbers = itertools.count(1)


class Connection(socketserver.BaseRequestHandler):
    """One client, in a thread of its own."""

    request: socket.socket

    def handle(self) -> None:
        """Serve the client until it leaves."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unsent: list[bytes] = []
        self._next_serial = 0
        self._echo = b""
        try:
            query = switch_protocols(self.request)
            self._wire = w.MESSAGEPACK if query.get("format") == "msgpack" else w.JSON
            resumed_key = query.get("resume")
            self._resumed = resumed_key is not None
            if resumed_key is not None:
                connection_id = w.connection_id_in(resumed_key)
            else:
                connection_id = f"conn-{next(_connection_numbers)}"
            self._send(w.connected(connection_id))
            self._frames = ClientFrames(self.request, self._flush)
            self._serve(self._frames)
        except ConnectionError:
            pass

    def _serve(self, frames: ClientFrames) -> None:
        while True:
            frames.wait()
            if published := frames.skip(longer_than=LONGEST_REQUEST):
                self._unsent.append(self._wire.ack(self._next_serial, published))
                self._unsent.append(self._echo * published)
                self._next_serial += published
                continue
            opcode, payload = frames.read()
            if opcode is Opcode.CLOSE:
                self._unsent.append(server_frame(Opcode.CLOSE, payload))
                self._flush()
                return
            if opcode in (Opcode.TEXT, Opcode.BINARY):
                self._answer(self._wire.decode(payload))

    def _answer(self, frame: w.Frame) -> None:
        if frame["action"] == w.ATTACH:
            self._attach(frame["channel"])
        elif frame["action"] == w.DETACH:
            self._send({"action": w.DETACHED, "channel": frame["channel"]})
        elif frame["action"] == w.CLOSE:
            self._send({"action": w.CLOSED})

    def _attach(self, channel: str) -> None:
        order, *numbers = channel.split(":")
        flags = w.RESUMED if self._resumed else 0
        if order == "reset" and not self._resumed:
            self._reset()
        self._send(w.attached(channel, flags | (w.HAS_PRESENCE if order == "members" else 0)))
        match order, [int(number) for number in numbers]:
            case "flood", [size, batch, count]:
                self._flood(*w.flood_block(self._wire, channel, size, batch), count)
            case "encrypted", [size, count]:
                self._flood(*w.encrypted_block(self._wire, channel, size), count)
            case "deltas", [size, count]:
                self._flood(*w.delta_block(self._wire, channel, size), count)
            case "members", [count]:
                self._unsent.append(w.member_pages(self._wire, channel, count))
            case "leaves", [count]:
                self._unsent.append(w.leaves(self._wire, f"members:{count}", count))
            case "prompt", []:
                self._frames.polls = True
            case "echo", []:
                self._frames.polls = True
                self._echo = w.echo(self._wire, channel)

    def _flood(self, block: bytes, messages: int, count: int) -> None:
        self._flush()
        for _ in range(count // messages):
            self.request.sendall(block)

    def _reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
        raise ConnectionResetError

    def _send(self, frame: w.Frame) -> None:
        self._unsent.append(self._wire.encode(frame))

    def _flush(self) -> None:
        if self._unsent:
            self.request.sendall(b"".join(self._unsent))
            self._unsent.clear()


class Server(socketserver.ThreadingTCPServer):
    """Listens; a process that ends doesn't wait for its connections."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve until standard input closes."""
    with Server(("127.0.0.1", 0), Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
