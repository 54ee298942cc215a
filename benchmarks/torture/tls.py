"""A TLS front before the fake WeChat, with certificates that are good or bad."""

import asyncio
import shutil
import ssl
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .processes import CannotRun
from .tcp import TcpServer, join

# The good one comes last: a pooled connection would hide the bad ones.
KINDS = ("expired", "other-name", "self-signed", "unknown-authority", "good")
HERE, ELSEWHERE = "IP:127.0.0.1", "DNS:other.example"


@dataclass(frozen=True)
class Certificates:
    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def context(self, kind: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{kind}.pem", self.folder / f"{kind}.key")
        return context


def make_certificates(folder: Path) -> Certificates:
    """Make an authority and one certificate of each kind. Raise ``CannotRun`` without openssl."""
    if not shutil.which("openssl"):
        raise CannotRun("there is no openssl")
    folder.mkdir()
    for authority in ("ca", "other-ca"):
        _self_signed(folder, authority, f"/CN={authority}", [])
    _signed(folder, "good", "ca", HERE, days=2)
    _signed(folder, "expired", "ca", HERE, days=-1)
    _signed(folder, "other-name", "ca", ELSEWHERE, days=2)
    _signed(folder, "unknown-authority", "other-ca", HERE, days=2)
    _self_signed(folder, "self-signed", "/CN=127.0.0.1", ["-addext", f"subjectAltName={HERE}"])
    return Certificates(folder)


def _self_signed(folder: Path, name: str, subject: str, extensions: list[str]) -> None:
    _make_key(folder, name)
    _openssl(
        folder,
        *("req", "-x509", "-new", "-key", f"{name}.key", "-subj", subject, "-days", "2"),
        *("-out", f"{name}.pem", *extensions),
    )


def _signed(folder: Path, name: str, authority: str, address: str, *, days: int) -> None:
    _make_key(folder, name)
    (folder / "extensions").write_text(f"subjectAltName={address}\n")
    _openssl(folder, "req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
    _openssl(
        folder,
        *("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"),
        *("-CAcreateserial", "-days", str(days), "-extfile", "extensions", "-out", f"{name}.pem"),
    )


def _make_key(folder: Path, name: str) -> None:
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")


def _openssl(folder: Path, *arguments: str) -> None:
    command = [str(shutil.which("openssl")), *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603  our own command line


class TlsFront(TcpServer):
    """Ends TLS with the certificate of today's ``kind``, and passes the plain text on to ``target``."""

    def __init__(self, target: int, certificates: Certificates) -> None:
        super().__init__()
        self.kind = "good"
        self._target = target
        self._contexts = {kind: certificates.context(kind) for kind in KINDS}
        self.tls = certificates.context("good")
        # It is called for each handshake, also for one without a server name.
        self.tls.sni_callback = self._choose

    def _choose(self, tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        tls.context = self._contexts[self.kind]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await join(reader, writer, self._target)
