"""The table of ``make torture``: what makes it fail, and what the documents get. No server runs here."""

import pytest

from benchmarks.torture import report
from benchmarks.torture.answers import Answer
from benchmarks.torture.ledger import Ledger
from benchmarks.torture.report import Row


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger("a-case", "Something breaks", deadline=2)
    ledger.take("GET me/", Answer(200, 0.1, body={"id": 1}))
    ledger.acknowledge()
    return ledger


def test_a_case_without_losses_passes(ledger: Ledger) -> None:
    assert report.exit_status([Row(ledger, "")]) == 0


def test_a_lost_fact_fails(ledger: Ledger) -> None:
    ledger.lose("a login has no session")

    assert report.exit_status([Row(ledger, "")]) == 1
    assert "lost 1 x a login has no session" in report.text_table([Row(ledger, "")])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, 0.1, "not JSON", problem="not JSON"),
        Answer(503, 0.1, "storage_unavailable"),
        Answer(0, 0.1, "ConnectionResetError"),
        Answer(0, 45.0, "hangs"),
    ],
    ids=lambda answer: answer.code,
)
def test_an_answer_that_the_case_does_not_allow_is_unexpected(ledger: Ledger, answer: Answer) -> None:
    ledger.take("GET me/", answer)

    assert ledger.unexpected.total() == 1
    assert report.exit_status([Row(ledger, "")]) == 1


def test_an_answer_that_the_case_allows_is_not(ledger: Ledger) -> None:
    with ledger.allowing("storage_unavailable", connections_may_break=True):
        ledger.take("GET me/", Answer(503, 0.1, "storage_unavailable"))
        ledger.take("GET me/", Answer(0, 0.1, "ConnectionResetError"))

    assert not ledger.unexpected


def test_an_answer_after_twice_the_deadline_fails(ledger: Ledger) -> None:
    ledger.take("GET me/", Answer(200, 4.1))

    assert report.exit_status([Row(ledger, "")]) == 1
    assert "4.10 LATE" in report.text_table([Row(ledger, "")])


def test_no_time_is_asked_of_a_case_without_a_promise(ledger: Ledger) -> None:
    ledger.deadline = 0
    ledger.take("GET me/", Answer(200, 4.1))

    assert report.exit_status([Row(ledger, "")]) == 0


def test_the_documents_get_the_table_between_their_markers(ledger: Ledger, tmp_path) -> None:
    documents = {language: tmp_path / language for language in ("en", "zh")}
    for path in documents.values():
        path.write_text(f"above\n{report.BEGIN}\nold\n{report.END}\nbelow\n")

    report.write_documents([Row(ledger, "出故障")], "2 CPUs", documents)

    english, chinese = (documents[language].read_text() for language in ("en", "zh"))
    assert "| a-case | Something breaks | 1 | 1 | 0 | 0 | 0.10 |" in english
    assert "| a-case | 出故障 | 1 | 1 | 0 | 0 | 0.10 |" in chinese
    assert english.startswith("above\n")
    assert english.endswith("\nbelow\n")
    assert "old" not in english


def test_the_pages_have_the_markers() -> None:
    for path in report.DOCUMENTS.values():
        text = path.read_text()
        assert text.index(report.BEGIN) < text.index(report.END)
