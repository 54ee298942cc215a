"""Read a push as a backend does, and check its signature."""

import hashlib
import json
import xml.etree.ElementTree as ElementTree

REVOKE = "user_authorization_revoke"


def sha1(*parts):
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324, as WeChat does


def is_signed(received, token="shop-token"):
    query = received.query
    return query["signature"] == sha1(token, query["timestamp"], query["nonce"])


def read_xml(text):
    return {member.tag: member.text for member in ElementTree.fromstring(text)}  # noqa: S314, our own XML


READERS = {"json": json.loads, "xml": read_xml}
