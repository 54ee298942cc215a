"""Behaviours of a peer that keeps a call waiting."""

import itertools

from tests.wechat.peer import answer


def hangs(visit):
    visit.read_request()
    visit.wait()


def never_reads(visit):
    visit.wait()


def drips_its_status_line(visit):
    visit.read_request()
    visit.drip(b"HTTP/1.1 200 " + b"O" * 10_000)


def drips_its_headers(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        visit.drip(b"X-%d: y\r\n" % (number % 7))
        if visit.wait(0):
            return


def drips_its_body(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    visit.drip(b" " * 10_000)


def drips_chunks(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not visit.wait(0.02):
        visit.send(b"1\r\n \r\n")


def drips_trailers(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    while not visit.wait(0.02):
        visit.send(b"X-Trailer: y\r\n")


def says_continue_for_ever(visit):
    visit.read_request()
    while not visit.wait(0.001):
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")


SLOW = [
    hangs,
    never_reads,
    drips_its_status_line,
    drips_its_headers,
    drips_its_body,
    drips_chunks,
    drips_trailers,
    says_continue_for_ever,
]


def first_time_only(behave):
    """Misbehave on the first connection, and answer on every other one."""

    def chosen(visit):
        if visit.peer.connections == 1:
            behave(visit)
            return
        while visit.read_request():
            visit.send(answer())

    return chosen
