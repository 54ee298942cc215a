import pytest
from django.core.management import call_command
from django.db import connection


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_the_migrations_lead_back_and_forth():
    before = our_tables()

    try:
        call_command("migrate", "wxlogin", "zero", verbosity=0)
        in_between = our_tables()
    finally:
        call_command("migrate", "wxlogin", verbosity=0)

    assert before
    assert in_between == set()
    assert our_tables() == before


def our_tables():
    return {name for name in connection.introspection.table_names() if name.startswith("wxlogin_")}
