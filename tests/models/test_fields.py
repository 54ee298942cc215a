import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from wxlogin.models import LoginFailure, LoginSession, StaffAct, UnionidOwner, WeChatUser
from wxlogin.models.fields import ExactCharField
from wxlogin.secret import PrivateStr

COLUMNS = [
    (model._meta.db_table, field.column)
    for model in (StaffAct, LoginFailure, LoginSession, UnionidOwner, WeChatUser)
    for field in model._meta.fields
    if isinstance(field, ExactCharField)
]


def test_wechats_ids_and_peoples_names_are_exact_columns() -> None:
    assert {("wxlogin_wechatuser", name) for name in ("appid", "openid", "unionid", "nickname")} <= set(
        COLUMNS
    )


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "mysql", reason="only MySQL compares text by collations of a column")
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_on_mysql_the_column_has_a_binary_collation(table: str, column: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT collation_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = %s AND column_name = %s",
            [table, column],
        )
        [(collation,)] = cursor.fetchall()

    assert collation == "utf8mb4_bin"


@pytest.mark.parametrize("extension", ["json", "jsonl", "xml", "yaml"])
def test_dumped_people_can_be_loaded_again(
    make_person: Callable[..., WeChatUser], tmp_path: Path, extension: str
) -> None:
    make_person(openid="o-Élodie", unionid="u-1", nickname="阿丽 <&> '\"")
    columns = ("openid", "unionid", "nickname")
    before, fixture = WeChatUser.objects.values(*columns).get(), tmp_path / f"people.{extension}"

    call_command("dumpdata", "wxlogin.WeChatUser", format=extension, output=str(fixture))
    WeChatUser.objects.update(openid="o-other", unionid="", nickname="")
    call_command("loaddata", str(fixture), verbosity=0)

    assert WeChatUser.objects.values(*columns).get() == before


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_person_holds_ordinary_strings(
    make_person: Callable[..., WeChatUser], protocol: int
) -> None:
    person = WeChatUser.objects.get(pk=make_person().pk)

    pickled = pickle.dumps(person, protocol)
    unpickled = pickle.loads(pickled)  # noqa: S301

    assert b"PrivateStr" not in pickled
    assert unpickled.openid == person.openid


def test_a_copied_person_keeps_private_strings(make_person: Callable[..., WeChatUser]) -> None:
    person = WeChatUser.objects.get(pk=make_person().pk)

    assert type(copy.copy(person).openid) is type(copy.deepcopy(person).openid) is PrivateStr
