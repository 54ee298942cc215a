"""A project as Django makes it, in which somebody follows the documentation."""

import re
from pathlib import Path

from .shell import type_in

SET_UP = """
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"

import django

django.setup()

from django.test import Client

mini_program = Client(headers={"host": "localhost"})


def log_in(code):
    answer = mini_program.post("/api/wechat/login/", {"code": code}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return {"Authorization": "Bearer " + answer.json()["access"]}

"""
BOUNDARY = "=== the answer"


class HostProject:
    """``django-admin startproject`` and ``startapp``, with what was pasted since.

    Blocks come from the README, or from the further page that a call names.
    """

    def __init__(self, readme: Path, folder: Path) -> None:
        self.readme, self.folder = readme, folder
        type_in("django-admin startproject mysite .; python manage.py startapp shop", folder)

    def block(self, pattern: str, page: Path | None = None) -> str:
        """Return the page's only block of code in which the pattern is found."""
        blocks = re.findall(r"^```\w+\n(.*?)^```", (page or self.readme).read_text(), re.S | re.M)
        [found] = (block for block in blocks if re.search(pattern, block, re.M))
        return str(found)

    def paste(self, pattern: str, page: Path | None = None) -> None:
        """Put the block, exactly as it stands, where its first line says."""
        block = self.block(pattern, page)
        path, where = re.match(r"# ([\w/]+\.py)(.*)\n", block).groups()
        file = self.folder / path
        if where in {", at the end", "，加在末尾"}:
            before = file.read_text() + "\n" if file.exists() else ""
            file.write_text(before + block)
        elif where in {", inside WXLOGIN", "，写在 WXLOGIN 里"}:
            before, opening, after = file.read_text().partition("\nWXLOGIN = {\n")
            assert opening
            file.write_text(before + opening + block + after)
        else:
            assert where == ""
            file.write_text(block)

    def take_the_first_steps(self) -> None:
        self.paste("^WXLOGIN = {$")
        self.paste("^from django.urls import include, path$")

    def type_in(self, lines: str) -> str:
        """Run the README's lines that set up the environment and the database, then ``lines``.

        Return what ``lines`` print.
        """
        script = f"{self.block('^export WECHAT_SECRET=')}\necho '{BOUNDARY}'\n{lines}"
        return type_in(script, self.folder).stdout.partition(f"{BOUNDARY}\n")[2]

    def run(self, code: str) -> list[str]:
        """Run this code in the project, and return the lines that it prints. The code can call ``log_in(code)``."""
        (self.folder / "try_it.py").write_text(SET_UP + code)
        return self.type_in("python -W error try_it.py").splitlines()
