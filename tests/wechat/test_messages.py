"""Messages that WeChat pushes, read from any bytes."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
import xmltodict
from hypothesis import example, given, strategies as st

from wxlogin.secret import Secret
from wxlogin.wechat.messages import MAX_DEPTH, Unreadable, read_message

# XML's own characters, without those that a parser changes or drops at the ends of a text.
CHARACTERS = st.characters(
    exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"], exclude_characters="\ufffe\uffff"
)
TEXTS = st.text(CHARACTERS, max_size=20) | st.sampled_from(
    ["]]>", "<b>", "&amp;", "a\nb", "<![CDATA[", "</a>", "--"]
)
NAMES = st.sampled_from(["a", "B", "OpenID", "Event", "c-d", "e.f"])
TREES = st.recursive(
    TEXTS, lambda inner: st.lists(st.tuples(NAMES, inner), min_size=1, max_size=4), max_leaves=12
)


def read(body: str | bytes) -> Any:
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    return plain(read_message(Secret(raw)))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def as_xml(tree: Any, in_cdata: bool) -> str:
    if isinstance(tree, list):
        return "".join(f"<{name}>{as_xml(each, in_cdata)}</{name}>" for name, each in tree)
    if in_cdata:
        return f"<![CDATA[{tree.replace(']]>', ']]]]><![CDATA[>')}]]>"
    return tree.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(tree=st.lists(st.tuples(NAMES, TREES), min_size=1, max_size=4), in_cdata=st.booleans())
def test_well_formed_xml_is_read_as_xmltodict_reads_it(tree: Any, in_cdata: bool) -> None:
    text = f"<?xml version='1.0'?>\n<!-- a > b -->\n<xml>{as_xml(tree, in_cdata)}</xml>\n"
    expected = xmltodict.parse(text)["xml"]

    assert read(text) == {name.lower(): value for name, value in expected.items()}


@given(tree=st.dictionaries(NAMES, st.recursive(TEXTS | st.integers(), st.lists), min_size=1))
def test_json_is_read_as_json(tree: Any) -> None:
    expected = {name.lower(): value for name, value in tree.items()}

    assert read(json.dumps(tree)) == read(json.dumps(tree, ensure_ascii=False)) == expected


PARTS = [
    "<xml>",
    "</xml>",
    "<a>",
    "</a>",
    "<a/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "<!DOCTYPE x [",
    "]>",
]
PARTS += [
    "&#8;",
    "&#xD83D;",
    "&amp;",
    "&x;",
    "{",
    "}",
    '"a"',
    ":",
    "[",
    "]",
    "\\ud83d",
    "\\",
    ",",
    "1",
    "\0",
    "\x1d",
]
PARTS += ["\ud83d", "\ufffe", "字", " ", "<a b='c'>", "Infinity", "-0", "1e999", "\ufeff"]


@given(body=st.lists(st.sampled_from(PARTS)).map("".join) | st.binary())
@example(b"\xf0\x9f\x98")
def test_any_bytes_give_a_message_that_can_be_stored_or_one_error(body: str | bytes) -> None:
    message = None
    with suppress(Unreadable):
        message = read(body)

    stored = json.dumps(message, ensure_ascii=False).encode()
    assert b"\\u0000" not in stored


@pytest.mark.parametrize(
    ("sent", "content"),
    [
        ("<![CDATA[\x1dc]]>", "\x1dc"),
        ("<![CDATA[\x08\x7f\ufffe\uffff]]>", "\x08\x7f\ufffe\uffff"),
        ("<![CDATA[\0]]>", "\ufffd"),
        ("<![CDATA[a]]>b]]>", "a]]>b"),
        ("<![CDATA[a]]>b]]>c]]>", "a]]>b]]>c"),
        ("<![CDATA[]]>]]>", "]]>"),
        ("<![CDATA[a]]>b]]>\n", "a]]>b"),
        ("<![CDATA[a]]>b]]><![CDATA[c]]>", "a]]>bc"),
        ("<![CDATA[a]]>&lt;<![CDATA[b]]>", "a<b"),
        ("<![CDATA[a]]><b>c]]> \n", "a]]><b>c"),
        ("<![CDATA[a]]></b></MsgType></xml>]]>", "a]]></b></MsgType></xml>"),
        ("<![CDATA[a]]><!-- no -->", "a"),
        ("a]]>b", "a]]>b"),
        ("a & b < c <3 <- > ' \"", "a & b < c <3 <- > ' \""),
        ("&lt;&gt;&amp;&quot;&apos;&#65;&#x42;", "<>&\"'AB"),
        ("&#8;&#29;", "\x08\x1d"),
        ("&#0;&#xD83D;", "\ufffd\ufffd"),
        ("&#55357;&#56832;", "😀"),
        ("&nbsp;&a;&;&#;&#x;", "&nbsp;&a;&;&#;&#x;"),
        ("&#9999999;" + "&#" + "9" * 5000 + ";", "&#9999999;" + "&#" + "9" * 5000 + ";"),
        ("9" * 5000, "9" * 5000),
        ("a</b>c", "a</b>c"),
        ("<![CDATA[a\r\nb\rc]]>", "a\nb\nc"),
        ("<!-- no -->a<?no?>", "a"),
        ("<![CDATA[]]>", None),
        ("", None),
    ],
)
def test_a_text_in_xml_is_read_whatever_was_typed(sent: str, content: str | None) -> None:
    body = f"<xml><MsgType>text</MsgType><Content>{sent}</Content><MsgId>1</MsgId></xml>"

    assert read(body) == {"msgtype": "text", "content": content, "msgid": "1"}


@pytest.mark.parametrize(
    ("sent", "content"),
    [
        ('"\x1dc\x08\n"', "\x1dc\x08\n"),
        (r'"\u0008\u001d\u0000"', "\x08\x1d\ufffd"),
        ('"\0"', "\ufffd"),
        (r'"\ud83d"', "\ufffd"),
        (r'"\ude00\ud83d"', "\ufffd\ufffd"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\x08 \v \\x \" \/"', '\\x08 \\v \\x " /'),
        ('"\ufffe]]>&<"', "\ufffe]]>&<"),
        ("9" * 5000, "9" * 5000),
        ("-12345678901234567890", -12345678901234567890),
        ("null", None),
    ],
)
def test_a_text_in_json_is_read_whatever_was_typed(sent: str, content: Any) -> None:
    assert read(f'{{"MsgType":"text","Content":{sent},"MsgId":1}}') == {
        "msgtype": "text",
        "content": content,
        "msgid": 1,
    }


@pytest.mark.parametrize("write", ["<xml><A>{}</A><B>b</B></xml>", '{{"A":"{}","B":"b"}}'])
@pytest.mark.parametrize("cut", [b"\xf0\x9f\x98", b"\xe5\xad", b"\xff", b"\xed\xa0\xbd"])
def test_a_character_may_be_cut(write: str, cut: bytes) -> None:
    message = read(write.encode().replace(b"{}", b"ok" + cut).replace(b"{{", b"{").replace(b"}}", b"}"))

    assert (message["a"].rstrip("\ufffd"), message["b"]) == ("ok", "b")


def test_an_entity_stays_what_is_written() -> None:
    bomb = '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><xml><A>&b;</A></xml>'

    assert read(bomb) == {"a": "&b;"}


def test_repeated_and_nested_elements() -> None:
    body = "<xml><A>1</A><A>2</A><A>3</A><B x='y'><C/><D>d</D>text</B></xml>"

    assert read(body) == {"a": ["1", "2", "3"], "b": {"C": None, "D": "d", "#text": "text"}}


@pytest.mark.parametrize(
    "body",
    [
        "<xml><A>1</A><a>2</a><A >3</A ><B>4</B></xml>",
        "<xml><A>1</A></xml><xml/>text<xml><a>2</a><A>3</A><B>4</B></xml>",
        '{"A":"1","a":"2"," A ":"3","B":"4"}',
        '{"A":"1","A":"2","a":["3"],"B":"4"}',
    ],
)
def test_no_member_overwrites_another(body: str) -> None:
    message = read(body)

    assert (sorted(message["a"]), message["b"]) == (["1", "2", "3"], "4")


def test_no_inner_member_overwrites_another() -> None:
    assert read('{"a":{"b":1,"b":2,"B":3}}') == {"a": {"b": [1, 2], "B": 3}}


@pytest.mark.parametrize(
    "body", ["<xml><A>1</A><B><![CDATA[2", "<xml><A>1</A><B>2", "<xml><A>1</A><B>2</xml>"]
)
def test_what_came_before_a_cut_is_read(body: str) -> None:
    assert read(body) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "neither JSON nor XML"),
        ("\ufeff \n", "neither JSON nor XML"),
        ("{", "neither JSON nor XML"),
        ("<html><a>1</a></html>", "neither JSON nor XML"),
        ("[1]", "no object"),
        ("null", "no object"),
        ("{}", "no members"),
        ("<xml/>", "no members"),
        ("<xml>text</xml>", "no members"),
        ("[" * 60_000, "too deep"),
        ('{"a":' * MAX_DEPTH + "{}" + "}" * MAX_DEPTH, "too deep"),
        ("<xml>" + "<a>" * MAX_DEPTH, "too deep"),
    ],
)
def test_what_cannot_be_read(body: str, problem: str) -> None:
    with pytest.raises(Unreadable, match=f"^{problem}$"):
        read(body)


@pytest.mark.parametrize(
    "part",
    [
        "<a>",
        "<a ",
        "<a",
        "<a/",
        "</a>",
        "<a></a>",
        "<![CDATA[",
        "<!--",
        "<?",
        "<!DOCTYPE [",
        "]]>",
        "]]></a>",
        "]]><b>",
        "]]> ",
        "<![CDATA[]]>",
        "<![CDATA[]]><a></a>",
        "<a><![CDATA[]]></a>",
        "&",
        "&#1",
    ],
)
@pytest.mark.parametrize("before", ["<xml>", "<xml><a>", "<xml><a><![CDATA[", '{"a":"\\', "<!DOCTYPE x ["])
def test_64_kib_cost_no_time(before: str, part: str) -> None:
    body = before + part * ((64 * 1024 - len(before)) // len(part))
    began = time.process_time()

    with suppress(Unreadable):
        read(body)

    assert time.process_time() - began < 1
