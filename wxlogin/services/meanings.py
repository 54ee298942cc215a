"""What a refusal means and what to do about it, for staff who are asked why."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Finding:
    """For people to read; holds no secret. A good one may have a hint too."""

    subject: Text
    is_good: bool
    text: Text
    hint: Text = ""


@dataclass(frozen=True)
class Meaning:
    text: Text
    advice: Text


def explain(code: str, errcode: int | None = None) -> Meaning:
    """``code`` and ``errcode`` as a failure row keeps them. Has something to say about any."""
    known = CODES_WITH_ERRCODE.get((code, errcode)) or ERRCODES.get(errcode) or CODES.get(code)
    if errcode is None or errcode in KNOWN_ERRCODES:
        return known or UNKNOWN
    text = format_lazy(_("WeChat refused with errcode {errcode}, which is not known here."), errcode=errcode)
    return Meaning(text, _for_the_operator(LOOK_IT_UP))


def _for_the_operator(hint: Text) -> Text:
    return format_lazy(_("Tell whoever runs the server: {hint}"), hint=hint)


def _misconfigured(errcode: int, text: Text) -> Meaning:
    return Meaning(text, _for_the_operator(HINTS.get(errcode, OUR_FAULT)))


LOOK_IT_UP = _("Look the errcode up in WeChat's documentation.")
LATER = _("Try again later: the quota of this minute, or of this day, is used up.")
WRONG_SECRET = _("Compare the AppSecret with the WeChat console; a reset there ends the one before.")
WHITELIST = _(
    "Add this machine's public address to the app's IP whitelist in the WeChat console, or turn that off."
)
CONSENT = _("The app's administrator has to consent to calls from this machine's address; WeChat asks them.")
SUSPENDED = _("See what the WeChat console says about the account: it was frozen or lost a permission.")
HINTS: dict[int, Text] = {
    -1: LATER,
    40001: WRONG_SECRET,
    40013: _("Compare the AppID with the WeChat console."),
    40125: WRONG_SECRET,
    40164: WHITELIST,
    61004: WHITELIST,
    40243: _("The AppSecret is frozen: unfreeze or reset it in the WeChat console."),
    45009: LATER,
    45011: LATER,
    48001: SUSPENDED,
    50002: SUSPENDED,
    50004: SUSPENDED,
    50007: SUSPENDED,
    89501: CONSENT,
    89503: CONSENT,
    89506: CONSENT,
    89507: CONSENT,
}

AGAIN = _("Ask them to open the mini-program again: each time it gets a new code.")
TAP_AGAIN = _("Ask them to tap the button for the phone number again.")
IN_A_MINUTE = _("Ask them to wait a minute. If many people are told so, tell whoever runs the server.")
IF_IT_STAYS = _("Ask them to try again in a few minutes. If it stays so, tell whoever runs the server.")
OUR_FAULT = _("This should never happen: report it as a bug, with the rid from the log.")

CODE_USED = Meaning(_("The login code had been used already: mostly the mini-program sent it twice."), AGAIN)
CODE_MISSING = Meaning(_("The mini-program sent an empty login code."), AGAIN)
PHONE_CODE_UNUSABLE = Meaning(
    _("The code for the phone number is expired, was used already, or is not theirs."), TAP_AGAIN
)
KEY_DEAD = Meaning(
    _("WeChat has another key for their session by now: it keeps only that of the latest login."),
    _("Nothing, as a rule: the mini-program logs in again by itself. Otherwise ask them to open it again."),
)
TOKEN_REFUSED = Meaning(
    _("WeChat refused the server's access_token. The server gets a new one by itself."),
    _for_the_operator(
        _("If it stays so, find out whether another program asks for access_tokens of this app, and how.")
    ),
)
UNKNOWN = Meaning(
    _("The server refused, and nothing more is known."),
    _("Search the server's log for the request id."),
)

CODES: dict[str, Meaning] = {
    "code_invalid": Meaning(
        _("The login code was not accepted: it is expired, was used already, or is of another mini-program."),
        AGAIN,
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
    "wechat_too_frequent": Meaning(_("WeChat got too many calls at once."), IN_A_MINUTE),
    "wechat_misconfigured": Meaning(
        _("WeChat refuses the server: something in its settings or in the WeChat console is wrong."),
        _for_the_operator(_("Run manage.py wxlogin_doctor.")),
    ),
    "wechat_bad_response": Meaning(
        _("Something came back that is no answer of WeChat's."),
        _for_the_operator(_("Run manage.py wxlogin_doctor. There may be a proxy in between.")),
    ),
    "wechat_unavailable": Meaning(
        _("WeChat could not be reached, or the server waits for too many of its answers already."),
        IF_IT_STAYS,
    ),
    "wechat_timeout": Meaning(_("WeChat took too long to answer."), IF_IT_STAYS),
}

# Those that mean the same whatever was asked.
ERRCODES: dict[int | None, Meaning] = {
    -1: Meaning(_("WeChat was too busy to answer."), IF_IT_STAYS),
    40226: CODES["user_blocked"],
    45009: Meaning(
        _("The app has used up its quota of calls to WeChat for today."),
        _for_the_operator(HINTS[45009]),
    ),
    45011: Meaning(
        _("WeChat got too many calls in this minute, from the app or of this person."), IN_A_MINUTE
    ),
    87007: KEY_DEAD,
    87009: KEY_DEAD,
    40014: TOKEN_REFUSED,
    42001: TOKEN_REFUSED,
    40001: _misconfigured(
        40001, _("WeChat refuses the AppSecret, or an access_token made with an older one.")
    ),
    40002: _misconfigured(40002, _("The server asked WeChat in a wrong way (grant_type).")),
    40003: _misconfigured(40003, _("WeChat doesn't know the person's openid in this app.")),
    40013: _misconfigured(40013, _("WeChat doesn't know the AppID.")),
    40097: _misconfigured(40097, _("The server asked WeChat in a wrong way (arguments).")),
    40101: _misconfigured(40101, _("The server asked WeChat in a wrong way (a parameter is missing).")),
    40125: _misconfigured(40125, _("WeChat refuses the AppSecret: it is wrong, or was reset.")),
    40164: _misconfigured(40164, _("The server's address is not in the app's IP whitelist.")),
    40243: _misconfigured(40243, _("The AppSecret is frozen.")),
    41002: _misconfigured(41002, _("The server asked WeChat without an AppID.")),
    41004: _misconfigured(41004, _("The server asked WeChat without an AppSecret.")),
    48001: _misconfigured(48001, _("The app has no permission for what was asked.")),
    50002: _misconfigured(50002, _("WeChat has frozen or banned the app.")),
    50004: _misconfigured(50004, _("WeChat forbids this app to ask.")),
    50007: _misconfigured(50007, _("WeChat has frozen the account that the app belongs to.")),
    61004: _misconfigured(61004, _("The server's address is not in the app's IP whitelist.")),
    89501: _misconfigured(89501, _("The app's administrator has not yet consented to the server's address.")),
    89503: _misconfigured(89503, _("The app's administrator has to consent to the server's address.")),
    89506: _misconfigured(89506, _("The app's administrator refused the server's address, for a day.")),
    89507: _misconfigured(89507, _("The app's administrator refused the server's address, for an hour.")),
}

# Those that mean something else for each kind of code.
CODES_WITH_ERRCODE: dict[tuple[str, int | None], Meaning] = {
    ("code_invalid", 40029): Meaning(
        _("WeChat doesn't know the login code: it is older than five minutes, or of another mini-program."),
        AGAIN,
    ),
    ("code_invalid", 40163): CODE_USED,
    ("code_invalid", 41008): CODE_MISSING,
    ("phone_code_invalid", 40003): Meaning(_("The code for the phone number is somebody else's."), TAP_AGAIN),
    ("phone_code_invalid", 40029): PHONE_CODE_UNUSABLE,
    ("phone_code_invalid", 40163): PHONE_CODE_UNUSABLE,
    ("phone_code_invalid", 41008): PHONE_CODE_UNUSABLE,
}

KNOWN_ERRCODES = {*ERRCODES, *(errcode for _code, errcode in CODES_WITH_ERRCODE)}
