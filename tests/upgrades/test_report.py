"""The table of ``make upgrade``. No server runs here."""

from pathlib import Path

from .report import Report
from .version import Unexpected, Version

BEFORE, NOW = Version("version before", Path(), {}), Version("this version", Path(), {})


def refuse(answer: str) -> None:
    raise Unexpected(answer)


def test_the_table_counts_each_act_and_names_what_failed() -> None:
    report = Report()
    report.run(BEFORE, "login", str, "done")
    for _ in range(2):
        report.run(BEFORE, "login", refuse, "POST login/: 503 storage_unavailable")
    report.run(NOW, "me/", str, "done")

    assert report.table(BEFORE, NOW).splitlines() == [
        "       version before    this version",
        "login          1 of 3               -",
        "me/                 -          1 of 1",
        "2 x version before, login: Unexpected: POST login/: 503 storage_unavailable",
    ]
    assert report.problems.total() == 2
