"""Messages that WeChat pushes, in JSON or XML: read what can be read.

Strangers have typed some of their texts, so a genuine message may hold what no strict parser takes: control characters,
half an emoji, ``]]>``, a bare ``&``. Nothing here expands an entity, and the work grows with the length only.
"""

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import Any

from wxlogin.secret import PrivateDict, PrivateStr, Secret

# The levels of a message. WeChat's have three or four.
MAX_DEPTH = 32
# A longer number stays a text: Python refuses to convert very long ones. WeChat's own have at most 20 digits.
MAX_DIGITS = 40
JSON_ESCAPE = re.compile(r'(\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))|\\')
CDATA = "<![CDATA["
CDATA_END = "]]>"
# The end of each kind of section. A section without an end takes the rest of the message.
ENDS = {CDATA: CDATA_END, "<!--": "-->", "<?": "?>"}
NAME = r"[^\W\d][\w.:-]*"
TAG = rf"<(?P<slash>/?)(?P<name>{NAME})(?:[\s/][^<>]*)?>"
# No declaration: text around the element ``xml``, and so each DOCTYPE, is dropped.
MARKUP = re.compile(rf"(?P<section><!\[CDATA\[|<!--|<\?)|{TAG}")
# The end of CDATA and of the element around it.
CLOSED_CDATA = re.compile(rf"\]\]>[ \t\r\n]*</({NAME})[ \t\r\n]*>")
REFERENCE = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));")
PREDEFINED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
# As XML has it. Python's own ``strip`` would take some control characters too.
BLANK = " \t\r\n"


class Unreadable(Exception):
    """A message of which nothing can be read. ``problem`` says why, without a word of the message."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_message(body: Secret[bytes]) -> PrivateDict:
    """Return the members of a message, with their names in lower case: WeChat writes them in more than one way.

    Raises ``Unreadable``. No text in it has NUL or half a surrogate pair, which most databases refuse.
    """
    try:
        text = PrivateStr(body.reveal().decode("utf-8", "replace").lstrip("\ufeff").strip(BLANK))
        message = _read_xml(text) if text.startswith("<") else _read_json(text)
        if not message:
            raise Unreadable("no members")
        return _merged((name.strip().lower(), value) for name, value in _storable(message).items())
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("too deep") from None
    # The text of any other exception may quote the message.
    except Exception:  # noqa: BLE001
        raise Unreadable("neither JSON nor XML") from None


def _merged(pairs: Iterable[tuple[str, Any]]) -> PrivateDict:
    """Return the members of an object or element. The values of one name become a list.

    None of them wins: a stranger may have typed one of them.
    """
    members = PrivateDict()
    for name, value in pairs:
        if name not in members:
            members[name] = value
            continue
        if not isinstance(members[name], list):
            members[name] = [members[name]]
        members[name].extend(value if isinstance(value, list) else [value])
    return members


def _read_json(text: str) -> PrivateDict:
    decoder = json.JSONDecoder(object_pairs_hook=_merged, strict=False, parse_int=_number)
    try:
        message = decoder.raw_decode(text)[0]
    except ValueError:
        # C programs write a control character as \x08.
        message = decoder.raw_decode(JSON_ESCAPE.sub(lambda match: match[1] or r"\\", text))[0]
    if not isinstance(message, PrivateDict):
        raise Unreadable("no object")
    if _is_deep(message):
        raise Unreadable("too deep")
    return message


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _is_deep(message: object) -> bool:
    level = [message]
    for _ in range(MAX_DEPTH):
        inner = [
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        ]
        level = list(chain.from_iterable(inner))
    return bool(level)


class _Element:
    """An element that is being read. Its value is a text, or a dict if there are elements in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: list[tuple[str, Any]] = []
        self.texts: list[str] = []

    def value(self) -> Any:
        text = "".join(self.texts).strip(BLANK) or None
        if not self.members:
            return text
        return _merged([*self.members, ("#text", text)] if text else self.members)


class _XMLReader:
    """One pass over a text. Tags that nothing opened or closed do no harm: what isn't markup is text."""

    def __init__(self, text: str) -> None:
        self.text = text
        # The document, and the elements that are open.
        self.open = [_Element("")]
        # Where CDATA and an element of this name end together.
        self.closed: dict[str, list[int]] = defaultdict(list)
        for match in CLOSED_CDATA.finditer(text):
            self.closed[match[1]].append(match.start())

    def read(self) -> list[Any]:
        """Return the value of each element ``xml``, as xmltodict does. Attributes are left out."""
        at, text = 0, self.text
        while match := MARKUP.search(text, at):
            self._add_text(text[at : match.start()])
            at = match.end()
            if section := match["section"]:
                at = self._read_section(section, at)
            elif name := match["name"]:
                self._read_tag(match, name)
        self._add_text(text[at:])
        self._close(1)
        return [value for name, value in self.open[0].members if name == "xml"]

    def _read_section(self, section: str, at: int) -> int:
        """Read CDATA, or skip a comment or an instruction. Return the position after it."""
        end = self.text.find(ENDS[section], at)
        end = len(self.text) if end < 0 else end
        if section == CDATA:
            end = self._real_end(end)
            self.open[-1].texts.append(self.text[at:end])
        return end + len(ENDS[section])

    def _real_end(self, end: int) -> int:
        """Return the end of the CDATA for which ``]]>`` was found at ``end``: somebody may have typed that one.

        The CDATA ends where its element does, or where another CDATA follows. Without such an end, it is the last
        ``]]>`` before the next tag: XML allows none outside of CDATA.
        """
        markup = MARKUP.search(self.text, end)
        if not (markup and markup["section"] == CDATA):
            closed = self.closed[self.open[-1].name]
            position = bisect_left(closed, end)
            if position < len(closed):
                return closed[position]
        return max(end, self.text.rfind(CDATA_END, end, markup.start() if markup else len(self.text)))

    def _read_tag(self, match: re.Match[str], name: str) -> None:
        names = [element.name for element in self.open]
        if match["slash"]:
            if name in names:
                self._close(len(names) - names[::-1].index(name) - 1)
            else:
                self._add_text(match[0])
            return
        if len(self.open) > MAX_DEPTH:
            raise Unreadable("too deep")
        self.open.append(_Element(name))
        if match[0].endswith("/>"):
            self._close(len(names))

    def _add_text(self, text: str) -> None:
        self.open[-1].texts.append(REFERENCE.sub(_referred, text))

    def _close(self, position: int) -> None:
        """Close the open element at ``position``, and those within it."""
        while len(self.open) > position:
            element = self.open.pop()
            self.open[-1].members.append((element.name, element.value()))


def _read_xml(text: str) -> PrivateDict:
    """Return the members of ``xml``. A typed ``</xml><xml>`` may have made several of one, so all of them count."""
    elements = _XMLReader(text.replace("\r\n", "\n").replace("\r", "\n")).read()
    if not elements:
        raise Unreadable("neither JSON nor XML")
    return _merged(chain.from_iterable(each.items() for each in elements if isinstance(each, PrivateDict)))


def _referred(match: re.Match[str]) -> str:
    """Return the character that a reference stands for. A number that is no character is left as it is."""
    decimal, hexadecimal, name = match.groups()
    if name:
        return PREDEFINED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _storable(value: Any) -> Any:
    """Return ``value`` with texts that can be encoded and stored. Pairs of surrogates become one character."""
    if isinstance(value, str):
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return _merged((_storable(name), _storable(each)) for name, each in value.items())
    return value
