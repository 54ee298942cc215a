"""The command line of ``make torture``, without its servers."""

from tests.helpers.process import ROOT, python


def torture(*arguments: str):
    return python("-m", "benchmarks.torture", *arguments)


def test_list_names_every_case_with_its_stimulus() -> None:
    listed = torture("--list")

    assert listed.returncode == 0, listed.stderr
    assert "database-stalled" in listed.stdout
    assert all(len(line.split()) > 3 for line in listed.stdout.splitlines())


def test_an_unknown_case_is_refused() -> None:
    refused = torture("--case", "no-such-case")

    assert refused.returncode == 2
    assert "no-such-case" in refused.stderr


def test_the_documents_explain_every_case() -> None:
    names = [line.split()[0] for line in torture("--list").stdout.splitlines()]

    for page in ("reliability.md", "reliability.zh-CN.md"):
        text = (ROOT / "docs" / page).read_text()
        assert [name for name in names if f"`{name}`" not in text] == []
