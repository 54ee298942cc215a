"""The first page of the staff: figures, health, and the question why a person can't log in. It changes nothing."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from wxlogin import databases
from wxlogin.caller import proxies_of
from wxlogin.models import LoginFailure, WeChatUser
from wxlogin.services.meanings import Finding, explain
from wxlogin.services.staff import diagnosis, lookup
from wxlogin.services.upkeep import doctor, figures
from wxlogin.services.upkeep.figures import Figures
from wxlogin.shared_cache import shared_cache

from ..base import ReadOnlyPage
from ..columns import app_name, format_time, person_link
from ..links import list_url, row_link
from .charts import build_charts, build_tiles

# The page diagnoses at most this many people.
MAX_PEOPLE = 5
MAX_KEY_LENGTH = 128
# Seconds between two examinations.
PAUSE = 10


class OverviewPage(ReadOnlyPage):
    class Media:
        css = {"all": ["wxlogin/admin.css", "wxlogin/overview.css"]}

    def get_urls(self) -> list[URLPattern]:
        protect = self.admin_site.admin_view
        return [
            path("", protect(self.changelist_view), name="wxlogin_overview_changelist"),
            path("why/", protect(self.why_view), name="wxlogin_overview_why"),
        ]

    def _examine(self, request: HttpRequest) -> Any:
        """Return the doctor's findings: all of them for a POST, but only once in ``PAUSE`` seconds.

        Otherwise return the finding about the breaker alone. A whole examination asks WeChat, and takes slots that
        logins need.
        """
        if request.method == "POST":
            if shared_cache.add("wxlogin:examined", 1, PAUSE):
                return _add_verdicts(doctor.examine(proxies_of(request)))
            text = _("Somebody has just asked for this. Wait %d seconds.") % PAUSE
            self.message_user(request, text, messages.WARNING)
        return _add_verdicts(doctor.examine_breaker())

    @databases.non_atomic
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the figures and the breaker. A POST also examines everything else, which asks WeChat."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        appid = request.GET.get("app", "")
        overview = figures.overview(appid)
        context = {
            "figures": overview,
            "tiles": build_tiles(overview),
            "charts": build_charts(overview),
            "failures": _failure_rows(request, overview),
            "apps": [(app_name(app.appid) or "-", app) for app in overview.apps],
            "app_links": _app_links(overview, appid),
            "settled_until": format_time(overview.settled_until),
            "findings": self._examine(request),
            "may_ask_why": self.has_why_permission(request),
        }
        return self._render(request, "overview", _("Overview"), {**context, **(extra_context or {})})

    def why_view(self, request: HttpRequest) -> HttpResponse:
        """Diagnose people. The page doesn't repeat the key from the query: it may be a whole phone number or openid."""
        if not self.has_why_permission(request):
            raise PermissionDenied
        key = request.GET.get("q", "").replace("\0", "").strip()[:MAX_KEY_LENGTH]
        failure = diagnosis.failure_of(key)
        found = _find_people(key, failure)
        context = {
            "has_key": bool(key),
            "failure": _describe_failure(request, failure) if failure else None,
            "people": _diagnose(found),
            "hidden_count": max(len(found) - MAX_PEOPLE, 0),
        }
        return self._render(request, "why", _("Why can't this person log in?"), context)

    def has_why_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("wxlogin.view_wechatuser")

    def _render(self, request: HttpRequest, page: str, title: Any, context: dict[str, Any]) -> HttpResponse:
        common = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": title,
            "max_key_length": MAX_KEY_LENGTH,
        }
        return TemplateResponse(request, f"wxlogin/admin/{page}.html", {**common, **context})


def _failure_rows(request: HttpRequest, overview: Figures) -> list[dict[str, Any]]:
    may_see_rows = request.user.has_perm("wxlogin.view_loginfailure")
    return [
        {
            "count": each.count,
            "code": each.code,
            "errcode": each.errcode,
            "meaning": explain(each.code, each.errcode),
            "url": list_url(LoginFailure, code=each.code) if may_see_rows else "",
        }
        for each in overview.failures
    ]


def _app_links(overview: Figures, current: str) -> list[dict[str, Any]]:
    """Return links to the figures of each app and of all apps. Empty if there is only one app."""
    apps = [app.appid for app in overview.apps if app.appid]
    if len(apps) < 2:
        return []
    all_apps = {"appid": "", "name": pgettext_lazy("apps", "All"), "is_current": not current}
    return [
        all_apps,
        *({"appid": appid, "name": app_name(appid), "is_current": appid == current} for appid in apps),
    ]


def _add_verdicts(findings: Iterable[Finding]) -> list[tuple[str, Any, Finding]]:
    """Return each finding after the kind and the text of its badge."""
    return [(*_verdict(finding), finding) for finding in findings]


def _verdict(finding: Finding) -> tuple[str, Any]:
    if not finding.is_good:
        return "bad", _("problem")
    return ("quiet", _("note")) if finding.hint else ("good", _("fine"))


def _describe_failure(request: HttpRequest, failure: LoginFailure) -> dict[str, Any]:
    may_see_row = request.user.has_perm("wxlogin.view_loginfailure")
    at = format_time(failure.created_at)
    return {
        "at": row_link(failure, at) if may_see_row else at,
        "app": app_name(failure.appid),
        "code": failure.code,
        "errcode": failure.errcode,
        "meaning": explain(failure.code, failure.errcode),
    }


def _find_people(key: str, failure: LoginFailure | None) -> dict[int, list[Any]]:
    """Return the primary keys of the people found, each with the kinds of keys that found it."""
    found: dict[int, list[Any]] = {}
    for match in lookup.find_people(key) if key else []:
        for pk in match.pks:
            found.setdefault(pk, []).append(match.what)
    if failure and failure.wechat_user_id:
        found.setdefault(failure.wechat_user_id, []).append(_("request id"))
    return found


def _diagnose(found: dict[int, list[Any]]) -> list[dict[str, Any]]:
    """Diagnose the first ``MAX_PEOPLE`` of the people found."""
    people = WeChatUser.objects.with_user().in_order(list(found)[:MAX_PEOPLE])
    return [
        {
            "link": person_link(person),
            "app": app_name(person.appid),
            "found_by": found[person.pk],
            "findings": _add_verdicts(diagnosis.diagnose(person)),
        }
        for person in people
    ]
