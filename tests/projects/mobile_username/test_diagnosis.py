import io
from collections.abc import Callable

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from wxlogin.fakewechat import FakeWeChat

from .models import Member

UseFactory = Callable[[str], None]


def examined() -> str:
    out = io.StringIO()
    try:
        call_command("wxlogin_doctor", stdout=out)
    except CommandError as exc:
        out.write(str(exc))
    return "\n".join(line for line in out.getvalue().splitlines() if ": " in line and "User" in line)


def test_the_check_names_both_columns_while_the_factory_is_the_default_one(use_factory: UseFactory) -> None:
    before = {each.id for each in run_checks()}
    use_factory("")

    found = {each.id: each for each in run_checks() if str(each.id).startswith("wxlogin.")}

    assert not {"wxlogin.E038", "wxlogin.E040"} & before
    assert "mobile" in str(found["wxlogin.E038"].msg)
    assert "phone" in str(found["wxlogin.E040"].msg)
    assert all("USER_FACTORY" in str(each.hint) for each in found.values())


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        ("", "mobile"),
        ("make_member_without_phone", "members_member_phone"),
        ("make_member_from_nowhere", "members_city_exists"),
        ("make_member", "two were made, and rolled back"),
    ],
)
@pytest.mark.django_db
def test_the_doctor_tries_the_factory_and_keeps_nobody(
    wechat: FakeWeChat, use_factory: UseFactory, factory: str, told: str
) -> None:
    use_factory(factory)

    printed = examined()

    assert told in printed
    assert not Member.objects.exists()
