"""A TCP server in a thread of its own: the base of the proxy, the balancer and the TLS front."""

import asyncio
import ssl
import threading
from contextlib import suppress
from typing import Self

CHUNK = 16 * 1024


class TcpServer:
    """Serves connections on a free port of loopback while its ``with`` block runs."""

    tls: ssl.SSLContext | None = None

    def __init__(self) -> None:
        self.port = 0
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listening = threading.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    def end_connections(self) -> None:
        """Close what is open. It runs in the server's thread, at the end."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        # A broken handshake or connection is what the cases are about.
        self.loop.set_exception_handler(lambda loop, context: None)
        listening = asyncio.start_server(self.serve, "127.0.0.1", backlog=512, ssl=self.tls)
        server = self.loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self.loop.run_forever()
        self.end_connections()
        server.close()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
    """Pass everything between a connection and a new one to ``target``. Raise ``OSError`` if that refuses."""
    up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target)
    await asyncio.gather(_pass(reader, up_writer), _pass(up_reader, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
