"""A TCP balancer that deals connections in turn to several groups of processes."""

import asyncio
import itertools
from contextlib import suppress

from .tcp import TcpServer, join


class Balancer(TcpServer):
    """Round robin over the ports in ``ports``, which a case may change. A port that refuses is passed over."""

    def __init__(self, ports: list[int]) -> None:
        super().__init__()
        self.ports = list(ports)
        self._turn = itertools.count()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports, first = list(self.ports), next(self._turn)
        for step in range(len(ports)):
            with suppress(OSError):
                await join(reader, writer, ports[(first + step) % len(ports)])
                return
        writer.close()
