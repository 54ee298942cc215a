"""The pages to measure: each of ours, and the page of a plain ``ModelAdmin`` to compare it with."""

from collections.abc import Iterator

from django.contrib.auth.models import Permission, User
from django.test import Client

from wxlogin.models import LoginFailure, LoginSession, StaffAct, WeChatUser
from wxlogin.wechat.results import PhoneNumber

PHONE = PhoneNumber("13580006666", "86")
Row = tuple[str, str, str | None]


def staff() -> Client:
    """Log in a staff member with every permission, who is no superuser: checking permissions costs queries."""
    user, _ = User.objects.get_or_create(username="clerk", defaults={"is_staff": True})
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="wxlogin"))
    return _browser(user)


def superuser() -> Client:
    user, _ = User.objects.get_or_create(username="boss", defaults={"is_staff": True, "is_superuser": True})
    return _browser(user)


def _browser(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def pages(people: int) -> Iterator[Row]:
    """Yield for each page its name, its URL, and the URL of the plain page or None."""
    person = WeChatUser.objects.get(pk=people // 2 - 1)
    with_unionid = WeChatUser.objects.exclude(unionid="").filter(pk__gt=people // 2).earliest("pk")
    person.store_phone(PHONE)
    session = LoginSession.objects.filter(wechat_user=person).latest("pk")
    failure = LoginFailure.objects.latest("pk")
    # Page numbers that also exist with few people.
    deep, narrow = min(100, people // 500), min(20, people // 5000)
    yield from _people(person, with_unionid, session, narrow)
    yield from _others(session, failure, deep, narrow)
    yield (
        "person",
        f"/admin/wxlogin/wechatuser/{person.pk}/change/",
        f"/plain/wxlogin/wechatuser/{person.pk}/change/",
    )
    busy = LoginSession.objects.filter(end_reason="replaced").latest("pk").wechat_user_id
    yield "person with many sessions", f"/admin/wxlogin/wechatuser/{busy}/change/", None
    theirs = f"/admin/wxlogin/loginsession/?wechat_user__id__exact={busy}"
    yield "sessions of a person with many", theirs, None
    yield (
        "session",
        f"/admin/wxlogin/loginsession/{session.pk}/change/",
        f"/plain/wxlogin/loginsession/{session.pk}/change/",
    )
    yield "overview", "/admin/wxlogin/overview/", None
    yield "why can't this person log in", f"/admin/wxlogin/overview/why/?q={person.openid}", None


def _people(
    person: WeChatUser, with_unionid: WeChatUser, session: LoginSession, narrow: int
) -> Iterator[Row]:
    ours, plain = "/admin/wxlogin/wechatuser/", "/plain/wxlogin/wechatuser/"
    yield "people", ours, plain
    yield "people, page 100", f"{ours}?p=100", f"{plain}?p=100"
    yield "people, the last page", f"{ours}?p=200", f"{plain}?p=199"
    yield "people, longest ago first", f"{ours}?o=7", f"{plain}?o=5"
    yield "people of the big app", f"{ours}?app=wx-tea", f"{plain}?appid=wx-tea"
    yield "people of the small app", f"{ours}?app=wx-books", f"{plain}?appid=wx-books"
    yield "people, active", f"{ours}?state=active", f"{plain}?user__is_active__exact=1"
    yield "people, account disabled", f"{ours}?state=disabled", f"{plain}?user__is_active__exact=0"
    yield "people, blocked", f"{ours}?state=blocked", None
    yield "people, unionid conflict", f"{ours}?state=conflict", None
    # Filters that match few or no people, or only people far down in the order of the list.
    for pair in (
        "state=blocked&last_login=30",
        "state=conflict&last_login=30",
        "state=active&created=7",
        "app=wx-books&unionid=no",
        f"app=wx-books&created=30&p={narrow}",
        "last_login=older&created=30",
        "created=1&o=7",
    ):
        yield f"people, {pair}", f"{ours}?{pair}", None
    for name in ("phone", "unionid"):
        for value in ("yes", "no"):
            yield f"people, {name} {value}", f"{ours}?{name}={value}", None
    for preset in ("1", "30", "older"):
        yield f"people, last login {preset}", f"{ours}?last_login={preset}", None
        yield f"people, created {preset}", f"{ours}?created={preset}", None
    for name, key in [
        ("openid", person.openid),
        ("unionid", with_unionid.unionid),
        ("phone", PHONE.number),
        ("user id", str(person.user_id)),
        ("session id", session.public_id),
        ("prefix of an openid", person.openid[:10]),
        ("prefix of everybody's openid", "o000"),
        ("nobody's openid", "o-nobody-has-this"),
    ]:
        yield f"search people by {name}", f"{ours}?q={key}", f"{plain}?q={key}"


def _others(session: LoginSession, failure: LoginFailure, deep: int, narrow: int) -> Iterator[Row]:
    ours, plain = "/admin/wxlogin/loginsession/", "/plain/wxlogin/loginsession/"
    yield "sessions", ours, plain
    yield "sessions, page 100", f"{ours}?p=100", f"{plain}?p=100"
    yield "sessions of the small app", f"{ours}?app=wx-books", f"{plain}?wechat_user__appid=wx-books"
    yield "sessions, the last page", f"{ours}?p=200", f"{plain}?p=199"
    for pair in (
        "app=wx-books&state=live",
        "app=wx-books&state=expired",
        "state=live&created=older",
        f"state=live&created=7&p={narrow}",
        "state=expired&created=7",
        "state=live&o=6",
    ):
        yield f"sessions, {pair}", f"{ours}?{pair}", None
    for state in (
        "live",
        "logged_out",
        "expired",
        "ended_by_staff",
        "replaced",
        "reused_refresh",
        "account_disabled",
        "erased",
    ):
        yield (
            f"sessions, {state}",
            f"{ours}?state={state}",
            None if state == "live" else f"{plain}?end_reason={state}",
        )
    yield "sessions, created older", f"{ours}?created=older", None
    yield "search sessions by id", f"{ours}?q={session.public_id}", f"{plain}?q={session.public_id}"
    openid = session.person.openid
    yield "search sessions by openid", f"{ours}?q={openid}", f"{plain}?q={openid}"
    ours, plain = "/admin/wxlogin/loginfailure/", "/plain/wxlogin/loginfailure/"
    yield "failures", ours, plain
    yield f"failures, page {deep}", f"{ours}?p={deep}", f"{plain}?p={deep // 2}"
    yield "failures, a rare answer", f"{ours}?code=wechat_timeout", f"{plain}?code=wechat_timeout"
    yield "failures, an answer that never was", f"{ours}?code=user_blocked", f"{plain}?code=user_blocked"
    yield "search failures by request id", f"{ours}?q={failure.request_id}", f"{plain}?q={failure.request_id}"
    ours, plain = "/admin/wxlogin/sessionkey/", "/plain/wxlogin/sessionkey/"
    yield "session keys", ours, plain
    yield f"session keys, page {deep}", f"{ours}?p={deep}", f"{plain}?p={deep // 2}"
    yield "session keys, valid", f"{ours}?state=valid", f"{plain}?state=valid"
    pair = f"app=wx-books&state=stale&p={narrow}"
    yield f"session keys, {pair}", f"{ours}?{pair}", None
    yield "session keys, stale", f"{ours}?state=stale", f"{plain}?state=stale"
    yield "session keys of the small app", f"{ours}?app=wx-books", None
    yield "search session keys by openid", f"{ours}?q={openid}", f"{plain}?q={openid}"
    ours, plain = "/admin/wxlogin/staffact/", "/plain/wxlogin/staffact/"
    yield "staff log", ours, plain
    yield f"staff log, page {deep}", f"{ours}?p={deep}", f"{plain}?p={deep // 2}"
    yield "staff log, a rare act", f"{ours}?what=erase", f"{plain}?action=erase"
    yield "staff log, search by hash", f"{ours}?q={StaffAct.objects.latest('pk').person}", None
