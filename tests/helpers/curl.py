#!/usr/bin/env python3
"""A stand-in for curl on machines that have none. It knows the options that our documentation uses, and no others.

It sends and prints what curl sends and prints. ``tests/docs/test_curl.py`` compares the two.
"""

import http.client
import mimetypes
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

TAKES_A_VALUE = "-H", "-d", "-X", "-F", "-o", "-w"
# curl's own numbers for a wrong option and for a server that can't be reached.
WRONG_USAGE, NOT_REACHED = 2, 7
HTTP_CODE = "%{http_code}"


@dataclass
class Line:
    """The parsed command line: the URL, the headers of ``-H``, and the other options with their values."""

    url: str = ""
    headers: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


def main(arguments: Sequence[str]) -> int:
    line = parse(arguments)
    body, content_type = body_of(line.options)
    try:
        status, answer = send(line, body, content_type)
    except OSError:
        # Print nothing, as curl -s does: the exit code says it.
        return NOT_REACHED
    if path := line.options.get("-o"):
        Path(path).write_bytes(answer)
    else:
        sys.stdout.buffer.write(answer)
    sys.stdout.buffer.write(afterword(line.options.get("-w", ""), status))
    return 0


def parse(arguments: Sequence[str]) -> Line:
    line, rest = Line(), list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "-s":
            line.options["-s"] = ""
        elif argument in TAKES_A_VALUE:
            if not rest:
                refuse(f"{argument} needs a value")
            if argument == "-H":
                line.headers.append(rest.pop(0))
            elif argument in line.options:
                refuse(f"{argument} is given twice")
            else:
                line.options[argument] = rest.pop(0)
        elif argument.startswith("-"):
            refuse(f"the option {argument}")
        elif line.url:
            refuse(f"a second URL, {argument}")
        else:
            line.url = argument
    check(line)
    return line


def check(line: Line) -> None:
    if "-s" not in line.options:
        refuse("a progress bar: -s is missing")
    if not line.url.startswith("http://"):
        refuse(f"the URL {line.url!r}: only http:// is known")
    if {"-d", "-F"} <= line.options.keys():
        refuse("-d and -F together")
    if line.options.get("-d", "").startswith("@"):
        refuse("-d @file")
    template = line.options.get("-w", "")
    if "%" in template.replace(HTTP_CODE, "") or "\\" in template.replace("\\n", ""):
        refuse(f"-w {template}: only {HTTP_CODE} and \\n are known")
    if any(
        not name or not colon or not value.strip() for name, colon, value in map(split_header, line.headers)
    ):
        refuse("a header without a name or a value")


def refuse(what: str) -> NoReturn:
    sys.stderr.write(f"tests/helpers/curl.py, which stands in for curl, doesn't know {what}\n")
    raise SystemExit(WRONG_USAGE)


def split_header(header: str) -> tuple[str, str, str]:
    return header.partition(":")


def body_of(options: dict[str, str]) -> tuple[bytes | None, str]:
    """Return the body, and the Content-Type that it has unless ``-H`` names another."""
    if "-d" in options:
        return options["-d"].encode(), "application/x-www-form-urlencoded"
    if "-F" in options:
        return form(options["-F"])
    return None, ""


def form(field: str) -> tuple[bytes, str]:
    name, is_file, path = field.partition("=@")
    if not is_file or not name or any(sign in path for sign in ',;"'):
        refuse(f"-F {field}: only name=@file is known")
    content_type, _ = mimetypes.guess_type(path)
    boundary = "-" * 24 + secrets.token_hex(8)
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{Path(path).name}"\r\n'
        f"Content-Type: {content_type or 'application/octet-stream'}\r\n\r\n"
    )
    body = head.encode() + Path(path).read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def send(line: Line, body: bytes | None, content_type: str) -> tuple[int, bytes]:
    url = urlsplit(line.url)
    own = {name.strip(): value.strip() for name, _, value in map(split_header, line.headers)}
    headers = {"User-Agent": "curl/8.5.0", "Accept": "*/*"}
    if body is not None:
        headers |= {"Content-Length": str(len(body)), "Content-Type": content_type}
    named = {name.lower() for name in own}
    headers = {name: value for name, value in headers.items() if name.lower() not in named} | own
    method = line.options.get("-X") or ("GET" if body is None else "POST")

    connection = http.client.HTTPConnection(url.netloc, timeout=60)
    try:
        connection.putrequest(
            method, (url.path or "/") + (f"?{url.query}" if url.query else ""), skip_accept_encoding=True
        )
        for name, value in headers.items():
            connection.putheader(name, value.encode())
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def afterword(template: str, status: int) -> bytes:
    """Return what ``-w`` prints after the answer."""
    return template.replace(HTTP_CODE, f"{status:03}").replace("\\n", "\n").encode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
