import pytest

from wxlogin.secret import Secret
from wxlogin.vault import CannotOpen, Vault

OLD, NEW = Secret(b"o" * 32), Secret(b"n" * 32)
ROW = ("session_key", "wx-shop", "o-alice")


@pytest.fixture
def vault() -> Vault:
    return Vault([NEW, OLD])


@pytest.mark.parametrize("text", ["", "HyVFkGl5F5OQWJZZaNzBBg==", "微信 🍵", "a\0b", "x" * 100_000])
def test_what_was_sealed_opens(vault, text):
    sealed = vault.seal(Secret(text), bound_to=ROW)

    assert vault.open(sealed, bound_to=ROW).reveal() == text


def test_a_sealed_value_does_not_show_what_is_in_it(vault):
    sealed = vault.seal(Secret("made-up-session-key"), bound_to=ROW)

    assert b"made-up" not in sealed


def test_the_same_text_never_looks_the_same_twice(vault):
    sealed = {vault.seal(Secret("made-up"), bound_to=ROW) for _ in range(100)}

    nonces = {value[5:17] for value in sealed}
    assert len(nonces) == 100


def test_the_first_key_seals(vault):
    sealed = vault.seal(Secret("made-up"), bound_to=ROW)

    assert Vault([NEW]).open(sealed, bound_to=ROW).reveal() == "made-up"


def test_every_listed_key_opens(vault):
    sealed = Vault([OLD]).seal(Secret("made-up"), bound_to=ROW)

    assert vault.open(sealed, bound_to=ROW).reveal() == "made-up"


def test_a_key_that_is_no_longer_listed_does_not_open():
    sealed = Vault([OLD]).seal(Secret("made-up"), bound_to=ROW)

    with pytest.raises(CannotOpen):
        Vault([NEW]).open(sealed, bound_to=ROW)


@pytest.mark.parametrize(
    "other",
    [
        ("session_key", "wx-shop", "o-bob"),
        ("session_key", "wx-cafe", "o-alice"),
        ("phone", "wx-shop", "o-alice"),
        ("session_key", "wx-shop"),
        ("session_key", "wx-shop", "o-alice", ""),
        (),
    ],
)
def test_a_value_opens_for_its_own_purpose_and_row_only(vault, other):
    sealed = vault.seal(Secret("made-up"), bound_to=ROW)

    with pytest.raises(CannotOpen):
        vault.open(sealed, bound_to=other)


@pytest.mark.parametrize(
    ("sealed_for", "asked_for"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a\0b", "c"), ("a", "b\0c")),
        (("a", "b\0c"), ("a", "b", "c")),
        (('a", "b',), ("a", "b")),
    ],
)
def test_the_binding_can_not_be_shifted_between_its_parts(vault, sealed_for, asked_for):
    sealed = vault.seal(Secret("made-up"), bound_to=sealed_for)

    with pytest.raises(CannotOpen):
        vault.open(sealed, bound_to=asked_for)


def test_damage_to_any_byte_is_noticed(vault):
    sealed = vault.seal(Secret("made-up"), bound_to=ROW)

    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        with pytest.raises(CannotOpen):
            vault.open(bytes(damaged), bound_to=ROW)


def test_a_value_that_was_cut_or_grew_does_not_open(vault):
    sealed = vault.seal(Secret("made-up"), bound_to=ROW)

    for broken in [*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(CannotOpen):
            vault.open(broken, bound_to=ROW)


def test_a_memoryview_opens_like_bytes(vault):
    sealed = vault.seal(Secret("made-up"), bound_to=ROW)

    assert vault.open(memoryview(sealed), bound_to=ROW).reveal() == "made-up"


def test_a_refusal_tells_nothing(vault):
    sealed = vault.seal(Secret("made-up"), bound_to=ROW)

    with pytest.raises(CannotOpen) as refusal:
        vault.open(sealed, bound_to=("other",))

    assert str(refusal.value) == ""
    assert refusal.value.__suppress_context__
