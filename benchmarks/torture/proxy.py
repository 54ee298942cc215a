"""A TCP proxy that delays, swallows, cuts or throttles what passes through it."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any

from .tcp import CHUNK, TcpServer


class FaultyProxy(TcpServer):
    """Forwards connections on a port of its own to ``target``, with the faults that are set at the moment.

    ``delay``: seconds each way. ``swallowing``: nothing is forwarded, new connections are accepted and get no
    answer. What is swallowed never arrives, and its connection is reset after the fault. ``rate``: bytes per second
    each way, 0 for all that comes.
    """

    def __init__(self, target: int) -> None:
        super().__init__()
        self._target = target
        self.delay = 0.0
        self.rate = 0
        self.swallowing = False
        self._sockets: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Reset every open connection."""
        self.loop.call_soon_threadsafe(self.end_connections)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        for each in (writer, up_writer):
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets |= {writer, up_writer}
        try:
            await asyncio.gather(self._pass(reader, up_writer), self._pass(up_reader, writer))
        finally:
            self._sockets -= {writer, up_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(1000)
        sender = asyncio.create_task(self._send(queue, writer))
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await queue.put((self.loop.time() + self.delay, data))
        await queue.put((self.loop.time() + self.delay, b""))
        await sender

    async def _send(self, queue: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - self.loop.time()))
                if self.swallowing:
                    await self._swallow(writer)
                    return
                if not data:
                    break
                writer.write(data)
                await writer.drain()
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
        writer.close()

    async def _swallow(self, writer: asyncio.StreamWriter) -> None:
        # Until then, the receiver doesn't learn that the sender has closed either.
        while self.swallowing:
            await asyncio.sleep(0.05)
        reset(writer)

    def end_connections(self) -> None:
        for writer in list(self._sockets):
            reset(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    sock: Any = writer.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
