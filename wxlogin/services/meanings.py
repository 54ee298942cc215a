"""Meanings of refusals: what each errcode and each code of ours means, and what staff and the operator do.

tests/services/test_meanings.py checks that the admin, the doctor, both READMEs and the fake WeChat agree with them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Finding:
    """One result of the doctor or of a diagnosis, for people to read. It holds no secret; a good one may have a hint."""

    subject: Text
    is_good: bool
    text: Text
    hint: Text = ""


# A finding without its subject: is_good, text and, if there is one, a hint.
Result = tuple[bool, Text] | tuple[bool, Text, Text]
Examination = Callable[[], Iterable[Result]]


@dataclass(frozen=True)
class Meaning:
    """The meaning of a refusal. ``advice`` is for staff; ``remedy`` is for operators, "" if they can't fix it."""

    text: Text
    advice: Text
    remedy: Text = ""


def explain(code: str, errcode: int | None = None) -> Meaning:
    """Return the meaning of ``code`` and ``errcode`` as a failure row stores them. Unknown ones have a meaning too."""
    meaning = CODES.get(code, UNKNOWN)
    if errcode is None:
        return meaning
    if errcode not in KNOWN_ERRCODES:
        text = _("WeChat refused with errcode {errcode}, which is not known here.")
        return _for_operators(format_lazy(text, errcode=errcode), LOOK_IT_UP)
    return CODES_WITH_ERRCODE.get((code, errcode)) or ERRCODES.get(errcode, meaning)


def _tell_operators(what: Text) -> Text:
    return format_lazy(_("Tell whoever runs the server: {hint}"), hint=what)


def _for_operators(text: Text, remedy: Text) -> Meaning:
    """Return the meaning of something that operators can fix."""
    return Meaning(text, _tell_operators(remedy), remedy)


def _bug(text: Text) -> Meaning:
    """Return the meaning of a mistake in our own calls."""
    return Meaning(text, _tell_operators(OUR_FAULT))


# Remedies: what operators do.
LOOK_IT_UP = _("Look the errcode up in WeChat's documentation.")
QUOTA_USED_UP = _("Try again later: the quota of this minute, or of this day, is used up.")
WRONG_SECRET = _("Compare the AppSecret with the WeChat console; a reset there ends the one before.")
WHITELIST = _(
    "Add this machine's public address to the app's IP whitelist in the WeChat console, or turn that off."
)
CONSENT = _("The app's administrator has to consent to calls from this machine's address; WeChat asks them.")
SUSPENDED = _("See what the WeChat console says about the account: it was frozen or lost a permission.")
OTHER_PROGRAM = _(
    "If it stays so, find out whether another program asks for access_tokens of this app, and how."
)
WAIT_FOR_WECHAT = _(
    "Calls go on by themselves as soon as WeChat answers. If it stays so, check that this machine reaches WeChat within "
    "UPSTREAM_DEADLINE."
)

# Advice: what staff do.
OPEN_AGAIN = _("Ask them to open the mini-program again: each time it gets a new code.")
TAP_AGAIN = _("Ask them to tap the button for the phone number again.")
WAIT_A_MINUTE = _("Ask them to wait a minute. If many people are told so, tell whoever runs the server.")
TRY_LATER = _("Ask them to try again in a few minutes. If it stays so, tell whoever runs the server.")
OUR_FAULT = _("This should never happen: report it as a bug, with the rid from the log.")

# Meanings that several rows share.
PHONE_CODE_UNUSABLE = Meaning(
    _("The code for the phone number is expired, was used already, or is not theirs."), TAP_AGAIN
)
KEY_DEAD = Meaning(
    _("WeChat has another key for their session by now: it keeps only that of the latest login."),
    _("Nothing, as a rule: the mini-program logs in again by itself. Otherwise ask them to open it again."),
)
TOKEN_REFUSED = _for_operators(
    _("WeChat refused the server's access_token. The server gets a new one by itself."), OTHER_PROGRAM
)
NOT_IN_WHITELIST = _for_operators(_("The server's address is not in the app's IP whitelist."), WHITELIST)
# The text has placeholders for what is known about the open breaker.
BREAKER_OPEN = _for_operators(
    _(
        "The breaker opened at {since} and is now {state}: WeChat left {failures} calls of {path} in a row unanswered, "
        "so further ones are refused at once."
    ),
    WAIT_FOR_WECHAT,
)
UNKNOWN = Meaning(
    _("The server refused, and nothing more is known."),
    _("Search the server's log for the request id."),
)

# A row for each code of ours that a failure row may have.
CODES: dict[str, Meaning] = {
    "code_invalid": Meaning(
        _("The login code was not accepted: it is expired, was used already, or is of another mini-program."),
        OPEN_AGAIN,
    ),
    "phone_code_invalid": PHONE_CODE_UNUSABLE,
    "user_blocked": Meaning(
        _("WeChat's risk control stops this person: to WeChat the account looks dangerous."),
        _("Only WeChat can lift this: they have to look into the security centre of their WeChat account."),
    ),
    "account_disabled": Meaning(
        _("We refused: the account is disabled, or staff blocked the person."),
        _("Look at the person's page: it says who blocked them, why and until when."),
    ),
    "session_key_missing": KEY_DEAD,
    "wechat_too_frequent": Meaning(_("WeChat got too many calls at once."), WAIT_A_MINUTE),
    "wechat_misconfigured": _for_operators(
        _("WeChat refuses the server: something in its settings or in the WeChat console is wrong."),
        _("Run manage.py wxlogin_doctor."),
    ),
    "wechat_bad_response": _for_operators(
        _("Something came back that is no answer of WeChat's."),
        _("Run manage.py wxlogin_doctor. There may be a proxy in between."),
    ),
    "wechat_unavailable": Meaning(
        _(
            "WeChat could not be reached or has not answered for a while, "
            "or the server waits for too many of its answers already."
        ),
        TRY_LATER,
    ),
    "wechat_timeout": Meaning(_("WeChat took too long to answer."), TRY_LATER),
}

# A row for each errcode that means the same for every call.
ERRCODES: dict[int, Meaning] = {
    -1: Meaning(_("WeChat was too busy to answer."), TRY_LATER, _("Try again later.")),
    40001: _for_operators(
        _("WeChat refuses the AppSecret, or an access_token made with an older one."), WRONG_SECRET
    ),
    40002: _bug(_("The server asked WeChat in a wrong way (grant_type).")),
    40003: _bug(_("WeChat doesn't know the person's openid in this app.")),
    40013: _for_operators(
        _("WeChat doesn't know the AppID."), _("Compare the AppID with the WeChat console.")
    ),
    40014: TOKEN_REFUSED,
    40066: _for_operators(
        _("The server asked WeChat at an address that doesn't exist."), _("Check API_BASE.")
    ),
    40097: _bug(_("The server asked WeChat in a wrong way (arguments).")),
    40101: _bug(_("The server asked WeChat in a wrong way (a parameter is missing).")),
    40125: _for_operators(_("WeChat refuses the AppSecret: it is wrong, or was reset."), WRONG_SECRET),
    40164: NOT_IN_WHITELIST,
    40226: CODES["user_blocked"],
    40243: _for_operators(
        _("The AppSecret is frozen."),
        _("The AppSecret is frozen: unfreeze or reset it in the WeChat console."),
    ),
    41001: _bug(_("The server asked WeChat without an access_token.")),
    41002: _bug(_("The server asked WeChat without an AppID.")),
    41004: _bug(_("The server asked WeChat without an AppSecret.")),
    42001: TOKEN_REFUSED,
    43001: _bug(_("The server asked WeChat in a wrong way (GET is required).")),
    43002: _bug(_("The server asked WeChat in a wrong way (POST is required).")),
    44002: _bug(_("The server asked WeChat in a wrong way (the body is empty).")),
    45009: _for_operators(_("The app has used up its quota of calls to WeChat for today."), QUOTA_USED_UP),
    45011: Meaning(
        _("WeChat got too many calls in this minute, from the app or of this person."),
        WAIT_A_MINUTE,
        QUOTA_USED_UP,
    ),
    47001: _bug(_("The server asked WeChat in a wrong way (the body is not valid JSON).")),
    48001: _for_operators(
        _("The app has no permission for what was asked."),
        _(
            "Apply for the permission in the WeChat console. "
            "Phone numbers need a verified account that doesn't belong to an individual."
        ),
    ),
    50002: _for_operators(_("WeChat has frozen or banned the app."), SUSPENDED),
    50004: _for_operators(_("WeChat forbids this app to ask."), SUSPENDED),
    50007: _for_operators(_("WeChat has frozen the account that the app belongs to."), SUSPENDED),
    61004: NOT_IN_WHITELIST,
    87007: KEY_DEAD,
    87008: _bug(_("The server asked WeChat in a wrong way (sig_method).")),
    87009: KEY_DEAD,
    89501: _for_operators(
        _("The app's administrator has not yet consented to the server's address."), CONSENT
    ),
    89503: _for_operators(_("The app's administrator has to consent to the server's address."), CONSENT),
    89506: _for_operators(_("The app's administrator refused the server's address, for a day."), CONSENT),
    89507: _for_operators(_("The app's administrator refused the server's address, for an hour."), CONSENT),
}

# A row for each errcode whose meaning depends on the code that was sent to WeChat.
CODES_WITH_ERRCODE: dict[tuple[str, int], Meaning] = {
    ("code_invalid", 40029): Meaning(
        _("WeChat doesn't know the login code: it is older than five minutes, or of another mini-program."),
        OPEN_AGAIN,
    ),
    ("code_invalid", 40163): Meaning(
        _("The login code had been used already: mostly the mini-program sent it twice."), OPEN_AGAIN
    ),
    ("code_invalid", 41008): Meaning(_("The mini-program sent an empty login code."), OPEN_AGAIN),
    ("phone_code_invalid", 40003): Meaning(_("The code for the phone number is somebody else's."), TAP_AGAIN),
    ("phone_code_invalid", 40029): PHONE_CODE_UNUSABLE,
    ("phone_code_invalid", 40163): PHONE_CODE_UNUSABLE,
    ("phone_code_invalid", 41008): PHONE_CODE_UNUSABLE,
}

KNOWN_ERRCODES = {*ERRCODES, *(errcode for _code, errcode in CODES_WITH_ERRCODE)}
