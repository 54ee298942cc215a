import pytest

from wxlogin.caller import caller_of, client_address, request_id_of

PEER = "192.0.2.1"


def from_headers(rf, peer=PEER, **headers):
    return rf.get(
        "/", headers={name.replace("_", "-"): value for name, value in headers.items()}, REMOTE_ADDR=peer
    )


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, PEER),
        (0, "198.51.100.9", PEER),
        (0, "198.51.100.9, 203.0.113.5", PEER),
        (1, None, PEER),
        (1, "", PEER),
        (1, " , ,", PEER),
        (1, '"", ""', PEER),
        (1, " , 203.0.113.5", "203.0.113.5"),
        (2, '"", , 203.0.113.5', "203.0.113.5"),
        (1, "198.51.100.9,", None),
        (1, '198.51.100.9, ""', None),
        (2, "198.51.100.9, , 203.0.113.5", None),
        (3, "203.0.113.5, , 10.0.0.1", "203.0.113.5"),
        (1, "198.51.100.9, unknown", None),
        (2, "[2001:db8::7], 10.0.0.1", "2001:db8::7"),
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "198.51.100.9, 203.0.113.5", "203.0.113.5"),
        (1, "198.51.100.9,203.0.113.5", "203.0.113.5"),
        (1, "127.0.0.1, 10.0.0.1, 203.0.113.5", "203.0.113.5"),
        (1, "garbage, 203.0.113.5", "203.0.113.5"),
        (2, "198.51.100.9, 203.0.113.5, 10.0.0.1", "203.0.113.5"),
        (2, "203.0.113.5, 10.0.0.1", "203.0.113.5"),
        (2, "203.0.113.5", "203.0.113.5"),
        (9, "203.0.113.5, 10.0.0.1", "203.0.113.5"),
    ],
)
def test_only_our_own_proxies_are_believed(rf, configure, proxies, forwarded, address):
    configure(TRUSTED_PROXIES=proxies)
    headers = {} if forwarded is None else {"X_Forwarded_For": forwarded}

    assert client_address(from_headers(rf, **headers)) == address


def test_a_client_can_not_choose_its_address_by_any_number_of_entries(rf, configure):
    configure(TRUSTED_PROXIES=1)

    found = {
        client_address(from_headers(rf, X_Forwarded_For=f"{'198.51.100.9, ' * count}203.0.113.5"))
        for count in range(50)
    }

    assert found == {"203.0.113.5"}


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("::ffff:cb00:7105", "203.0.113.5"),
        ("203.0.113.5:49152", "203.0.113.5"),
        ("[2001:db8::7]:49152", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:DB8::7]", "2001:db8::7"),
        ("[ 2001:db8::7 ]", "2001:db8::7"),
        ('"[2001:db8::7]:49152"', "2001:db8::7"),
        ('"[2001:db8::7]"', "2001:db8::7"),
        ('"203.0.113.5"', "203.0.113.5"),
        (' "203.0.113.5:80" ', "203.0.113.5"),
        ("\t203.0.113.5 ", "203.0.113.5"),
        ("[fe80::1%eth0]", "fe80::1"),
        ("[fe80::1%25eth0]:443", "fe80::1"),
        ("[::ffff:203.0.113.5]", "203.0.113.5"),
        ("[::FFFF:203.0.113.5]:80", "203.0.113.5"),
        ("[203.0.113.5]", "203.0.113.5"),
        ("203.0.113.5:_a1", "203.0.113.5"),
        ("[2001:db8::7]:_a.b-c", "2001:db8::7"),
        ("unknown", None),
        ("UNKNOWN", None),
        ("_hidden", None),
        ("_hidden:_a1", None),
        ("[2001:db8::7", None),
        ("2001:db8::7]", None),
        ("[]", None),
        ("[[2001:db8::7]]", None),
        ("for=203.0.113.5", None),
        ("2001:db8::7:49152", None),
        ("", None),
        ("unix:", None),
        ("localhost", None),
        ("203.0.113.5, 198.51.100.9", None),
        ("203.0.113.256", None),
        ("203.0.113.5:", None),
        ("203.0.113.5:port", None),
        (":80", None),
        ("[]:80", None),
        ("010.0.0.1", None),
        ("3405803781", None),
        ("x" * 10_000, None),
        # Cut before it is read.
        ('"' * 100 + "203.0.113.5", None),
    ],
)
def test_an_address_is_put_in_one_form_or_unknown(rf, configure, peer, address):
    configure(TRUSTED_PROXIES=1)

    assert client_address(from_headers(rf, peer=peer)) == address
    if "," not in peer and peer:
        assert client_address(from_headers(rf, X_Forwarded_For=peer)) == address


def test_behind_a_unix_socket_the_proxys_word_counts(rf, configure):
    configure(TRUSTED_PROXIES=1)

    assert client_address(from_headers(rf, peer="", X_Forwarded_For="203.0.113.5")) == "203.0.113.5"


@pytest.mark.parametrize("sent", ["a", "A-z_0.9", "x" * 64, "068425756afb4aaaa7ef699eab4565bf"])
def test_a_harmless_request_id_is_kept(rf, sent):
    assert request_id_of(from_headers(rf, X_Request_ID=sent)) == sent


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "x" * 65,
        "a b",
        "a\r\nSet-Cookie: b",
        "a\n",
        "\na",
        "微信",
        "é",
        "a=b",
        '"a"',
        "a\0",
        "<b>",
        "a,b",
        "a/b",
    ],
)
def test_any_other_request_id_is_replaced(rf, sent):
    first, second = (request_id_of(from_headers(rf, X_Request_ID=sent)) for _ in range(2))

    assert len(first) == 32
    assert int(first, 16)
    assert first != second


def test_a_request_without_id_gets_one(rf):
    assert len(request_id_of(rf.get("/"))) == 32


@pytest.mark.parametrize(
    ("referer", "release"),
    [
        ("https://servicewechat.com/wx0123456789abcdef/12/page-frame.html", "12"),
        ("https://servicewechat.com/wx0123456789abcdef/devtools/page-frame.html", "devtools"),
        ("https://servicewechat.com/wx0123456789abcdef/0/page-frame.html", "0"),
        ("https://servicewechat.com/wx0123456789abcdef/1.2.3/", "1.2.3"),
        ("", ""),
        ("https://servicewechat.com/wx0123456789abcdef/12", ""),
        ("http://servicewechat.com/wx0123456789abcdef/12/page-frame.html", ""),
        ("https://servicewechat.com.example.com/wx0123456789abcdef/12/page-frame.html", ""),
        ("https://example.com/https://servicewechat.com/wx0123456789abcdef/12/", ""),
        ("https://servicewechat.com/wx0123456789abcdef/<b>/page-frame.html", ""),
        (f"https://servicewechat.com/wx0123456789abcdef/{'1' * 33}/page-frame.html", ""),
        ("https://servicewechat.com/../12/page-frame.html", ""),
    ],
)
def test_the_release_comes_from_wechats_referer_only(rf, referer, release):
    assert caller_of(from_headers(rf, Referer=referer)).release == release


@pytest.mark.parametrize("sent", ["0.1.0", "1.2.3-rc.1+7", "wxlogin/1", "a_b", "x" * 32])
def test_the_client_says_its_version(rf, sent):
    assert caller_of(from_headers(rf, X_Wxlogin_Client=sent)).client == sent


@pytest.mark.parametrize(
    "sent", ["", "x" * 33, "1 0", " 1", "1\n", "1\r\nSet-Cookie: b", "1\0", "<b>", "1,2", "é", "微信", "=1"]
)
def test_an_impossible_client_version_is_left_out(rf, sent):
    assert caller_of(from_headers(rf, X_Wxlogin_Client=sent)).client == ""


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        ("MicroMessenger/8.0.60 (iPhone)", "MicroMessenger/8.0.60 (iPhone)"),
        ("x" * 300, "x" * 256),
        ("a\0b\r\nc\td\x7fe", "abcde"),
        ("\0" * 300 + "phone", "phone"),
        ("a\u202eb", "ab"),
        ("茶 Tea 🍵 House\udce9", " Tea  House"),
        ("Ã©tÃ© \x85\xa0\xad", "t "),
    ],
)
def test_a_user_agent_is_cleaned_and_cut(rf, sent, kept):
    assert caller_of(from_headers(rf, User_Agent=sent)).user_agent == kept


def test_a_caller_without_headers_has_only_an_ip_address(rf):
    caller = caller_of(rf.get("/", REMOTE_ADDR=PEER))

    assert (caller.ip, caller.user_agent, caller.release, caller.client) == (PEER, "", "", "")
