"""Messages that WeChat pushes, in JSON or XML: read what can be read.

Strangers have typed some of their texts, so a genuine message may hold what no strict parser takes: control characters,
half an emoji, ``]]>``, a bare ``&``. Nothing here expands an entity, and the work grows with the length only.
"""

import json
import re
from itertools import chain
from typing import Any

from wxlogin.secret import PrivateDict, Secret

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
        text = body.reveal().decode("utf-8", "replace").lstrip("\ufeff").strip(BLANK)
        message = _read_xml(text) if text.startswith("<") else _read_json(text)
        if not message:
            raise Unreadable("no members")
        return PrivateDict({name.strip().lower(): value for name, value in _storable(message).items()})
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("too deep") from None
    # The text of any other exception may quote the message.
    except Exception:  # noqa: BLE001
        raise Unreadable("neither JSON nor XML") from None


def _read_json(text: str) -> PrivateDict:
    decoder = json.JSONDecoder(object_hook=PrivateDict, strict=False, parse_int=_number)
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
        self.members = PrivateDict()
        self.texts: list[str] = []

    def add(self, name: str, value: Any) -> None:
        """Add a member. Members of one name become a list."""
        if name not in self.members:
            self.members[name] = value
        elif isinstance(self.members[name], list):
            self.members[name].append(value)
        else:
            self.members[name] = [self.members[name], value]

    def value(self) -> Any:
        text = "".join(self.texts).strip(BLANK) or None
        if not self.members:
            return text
        return PrivateDict(self.members | {"#text": text}) if text else self.members


class _XMLReader:
    """One pass over a text. Tags that nothing opened or closed do no harm: what isn't markup is text."""

    def __init__(self) -> None:
        # The document, and the elements that are open.
        self.open = [_Element("")]

    def read(self, text: str) -> Any:
        """Return the value of the element ``xml``, as xmltodict does. Attributes are left out."""
        at = 0
        while match := MARKUP.search(text, at):
            self._add_text(text[at : match.start()])
            at = match.end()
            if section := match["section"]:
                at = self._read_section(text, section, at)
            elif name := match["name"]:
                self._read_tag(match, name)
        self._add_text(text[at:])
        self._close(1)
        return self.open[0].members["xml"]

    def _read_section(self, text: str, section: str, at: int) -> int:
        """Read CDATA, or skip a comment or an instruction. Return the position after it."""
        end = text.find(ENDS[section], at)
        end = len(text) if end < 0 else end
        if section == CDATA:
            end = self._real_end(text, end)
            self.open[-1].texts.append(text[at:end])
        return end + len(ENDS[section])

    def _real_end(self, text: str, end: int) -> int:
        """Return the end of the CDATA for which ``]]>`` was found at ``end``: somebody may have typed that one.

        XML allows no ``]]>`` outside of CDATA, so if another one follows before the next tag, that one is the end.
        """
        tag = MARKUP.search(text, end)
        return max(end, text.rfind(CDATA_END, end, tag.start() if tag else len(text)))

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
            self.open[-1].add(element.name, element.value())


def _read_xml(text: str) -> PrivateDict:
    message = _XMLReader().read(text.replace("\r\n", "\n").replace("\r", "\n"))
    if not isinstance(message, PrivateDict):
        raise Unreadable("no members")
    return message


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
        return PrivateDict({_storable(name): _storable(each) for name, each in value.items()})
    return value
