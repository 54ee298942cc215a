"""Requests for a host that isn't in ``ALLOWED_HOSTS``."""

import pytest
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from wxlogin.api.base import WeChatView

EVIL = {"Host": "evil"}


@pytest.mark.parametrize("method", ["get", "post", "options"])
def test_the_api_refuses_another_host_in_its_own_format(client, method):
    answer = getattr(client, method)("/api/wechat/login/", headers={**EVIL, "X-Request-ID": "r-1"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (answer["Cache-Control"], answer["X-Request-ID"]) == ("no-store", "r-1")


def test_the_refusal_is_in_the_language_of_the_phone(client):
    answer = client.get("/api/wechat/me/", headers={**EVIL, "Accept-Language": "zh-CN"})

    assert answer.json()["detail"] == "请求格式有误。"


def test_elsewhere_django_refuses_it(client):
    answer = client.get("/admin/login/", headers=EVIL)

    assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")


class HostView(WeChatView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request):
        return Response(request.build_absolute_uri())


urlpatterns = [path("host/", HostView.as_view())]


def test_a_project_whose_middleware_asks_for_no_host_gets_the_same_answer(client, settings):
    settings.ROOT_URLCONF, settings.MIDDLEWARE = __name__, []

    answer = client.get("/host/", headers=EVIL)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
