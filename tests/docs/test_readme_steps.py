"""The README's steps for an existing project, done in a new Django project, in both languages."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.documents import both_languages
from tests.helpers.host import HostProject
from tests.helpers.shell import type_in
from wxlogin.fakewechat import FakeWeChat
from wxlogin.fakewechat.apps import known_apps


@pytest.fixture
def make_project(tmp_path: Path, wechat: FakeWeChat) -> Callable[[Path], HostProject]:
    """Return a function that makes a project with the README's first steps done, and with the fake as its WeChat."""

    def make(readme: Path) -> HostProject:
        host = HostProject(readme, tmp_path)
        host.take_the_first_steps()
        host.paste('^"API_BASE"')
        settings = tmp_path / "mysite/settings.py"
        settings.write_text(settings.read_text().replace("http://127.0.0.1:8765", wechat.url))
        [secret] = re.findall("^export WECHAT_SECRET=(\\w+)", host.block("^export WECHAT_SECRET"))
        wechat.apps = known_apps({"wx0123456789abcdef": {"SECRET": secret}})
        return host

    return make


@both_languages
def test_the_steps_for_an_existing_project_lead_to_a_login(
    readme: Path, make_project: Callable[[Path], HostProject], wechat: FakeWeChat
) -> None:
    """Paste the README's blocks into an empty project, then run the README's own test there."""
    host = make_project(readme)
    host.paste("^class Orders")
    host.paste("^from shop.views import Orders$")
    host.paste("^def test_login")

    views = host.run(
        f"""
print(mini_program.get("/api/orders/").status_code)
print(mini_program.get("/api/orders/", headers=log_in({wechat.code_for("o-x")!r})).json())
"""
    )
    [line] = re.findall("^pytest .+", host.block("^pytest "), re.M)
    tests = host.type_in(line)

    assert views == ["401", "{'openid': 'o-x', 'orders': []}"]
    assert re.search(r"(?<!\d)1 passed", tests.splitlines()[-1])


@both_languages
def test_the_example_of_a_receiver_hears_of_a_first_login(
    readme: Path, make_project: Callable[[Path], HostProject], wechat: FakeWeChat
) -> None:
    host = make_project(readme)
    for block in ("^def greet", "^class ShopConfig", r'^INSTALLED_APPS \+= \["shop"\]$'):
        host.paste(block)

    [line] = host.run("".join(f"log_in({wechat.code_for('o-x')!r})\n" for _ in range(2)))

    assert re.fullmatch("A new customer: wx_[a-z2-7]{24}", line)


CUSTOMER = """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Customer(AbstractBaseUser):
    email = models.EmailField(unique=True)
    city = models.CharField(max_length=50)
    is_active = models.BooleanField(default=True)

    objects = BaseUserManager()

    USERNAME_FIELD = "email"
"""


@both_languages
def test_the_example_of_a_factory_makes_customers(
    readme: Path, make_project: Callable[[Path], HostProject], wechat: FakeWeChat
) -> None:
    host = make_project(readme)
    (host.folder / "shop/models.py").write_text(CUSTOMER)
    # Django's admin needs a user model with permissions, and this one has none.
    settings = (host.folder / "mysite/settings.py").read_text().replace("    'django.contrib.admin',\n", "")
    (host.folder / "mysite/settings.py").write_text(f'{settings}\nAUTH_USER_MODEL = "shop.Customer"\n')
    urls = (host.folder / "mysite/urls.py").read_text().replace("    path('admin/', admin.site.urls),\n", "")
    (host.folder / "mysite/urls.py").write_text(urls.replace("from django.contrib import admin\n", ""))
    host.paste(r'^INSTALLED_APPS \+= \["shop"\]$')
    host.paste("^def make_customer")
    host.paste('^"USER_FACTORY"')
    type_in("WECHAT_SECRET=made-up python manage.py makemigrations shop", host.folder)

    printed = host.run(
        f"""
bearer = log_in({wechat.code_for("o-x")!r})
from shop.models import Customer
customer = Customer.objects.get()
print(customer.email, customer.city, customer.has_usable_password())
print(mini_program.delete("/api/wechat/me/", headers=bearer).status_code, Customer.objects.count())
"""
    )

    assert re.fullmatch(r"[0-9a-f]{32}@wechat\.invalid unknown False", printed[0])
    assert printed[1:] == ["204 0"]
