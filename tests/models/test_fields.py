import pytest
from django.db import connection

from wxlogin.models import LoginFailure, LoginSession, StaffAct, UnionidOwner, WeChatUser
from wxlogin.models.fields import ExactCharField

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
