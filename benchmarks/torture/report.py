"""The table of results, for the terminal and for docs/reliability.md."""

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .ledger import Ledger
from .processes import ROOT

COLUMNS = ("case", "stimulus", "rounds", "acknowledged", "lost", "unexpected", "latest (s)")
COLUMNS_ZH = ("用例", "施加的故障", "轮次", "已确认", "丢失", "意外", "最长响应时间（秒）")
BEGIN, END = "<!-- torture: begin -->", "<!-- torture: end -->"
DOCUMENTS = {"en": ROOT / "docs" / "reliability.md", "zh": ROOT / "docs" / "reliability.zh-CN.md"}
SHOWN = 12


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    ledger: Ledger
    stimulus_zh: str

    def cells(self, *, chinese: bool = False) -> list[str]:
        ledger = self.ledger
        stimulus = self.stimulus_zh if chinese else ledger.stimulus
        if ledger.not_run:
            return [ledger.case, stimulus, "-", "-", "-", "-", "-"]
        latest = f"{ledger.latest:.2f}" + (" LATE" if ledger.is_late else "")
        counts = [ledger.rounds, ledger.acknowledged, ledger.lost.total(), ledger.unexpected.total()]
        return [ledger.case, stimulus, *map(str, counts), latest]


def text_table(rows: Iterable[Row]) -> str:
    """Return the table without its stimuli, which come below it with the details: a terminal is narrow."""
    rows = list(rows)
    lines = [[name for name in COLUMNS if name != "stimulus"]]
    lines += [[cell for index, cell in enumerate(row.cells()) if index != 1] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    table = [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join([*table, "", *(detail for row in rows for detail in details(row.ledger))])


def details(ledger: Ledger) -> list[str]:
    """Return the stimulus, the figures, and each kind of loss or surprise with its count."""
    found = [f"{ledger.case}: {ledger.stimulus}"]
    if ledger.not_run:
        found.append(f"    not run: {ledger.not_run}")
    found += [f"    {figure}" for figure in ledger.figures]
    if ledger.refused:
        refusals = ", ".join(f"{times} x {code}" for code, times in ledger.refused.most_common(SHOWN))
        found.append(f"    refused, as it should be: {refusals}")
    if ledger.is_late:
        last = max(ledger.timed, key=lambda each: each.answer.seconds)
        found.append(f"    late: {last.what}, {last.answer.status} {last.answer.code}".rstrip())
    for word, counter in (("lost", ledger.lost), ("unexpected", ledger.unexpected)):
        found += [f"    {word} {times} x {what}" for what, times in counter.most_common(SHOWN)]
    return found


def exit_status(rows: Iterable[Row]) -> int:
    """Return 1 if a case lost something, met something unexpected, or was answered too late."""
    return int(any(row.ledger.failed for row in rows))


def write_documents(rows: list[Row], machine: str, documents: dict[str, Path] | None = None) -> None:
    """Replace what stands between the markers of both documents."""
    for language, path in (documents or DOCUMENTS).items():
        chinese = language == "zh"
        table = markdown(rows, chinese=chinese)
        when = f"{datetime.now(UTC):%Y-%m-%d}"
        intro = f"{when}，{machine.replace(' CPUs', ' 核')}" if chinese else f"{when}, {machine}"
        text = path.read_text(encoding="utf-8")
        block = f"{BEGIN}\n{intro}\n\n{table}\n{END}"
        pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
        path.write_text(pattern.sub(lambda _, block=block: block, text), encoding="utf-8")


def markdown(rows: list[Row], *, chinese: bool) -> str:
    columns = COLUMNS_ZH if chinese else COLUMNS
    lines = [columns, ["---", "---", *["---:"] * 5], *(row.cells(chinese=chinese) for row in rows)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    figures = [f"- `{row.ledger.case}`: {figure}" for row in rows for figure in row.ledger.figures]
    skipped = [f"- `{row.ledger.case}`: {row.ledger.not_run}" for row in rows if row.ledger.not_run]
    return "\n".join([table, "", *figures, *skipped])


def machine(versions: dict[str, str]) -> str:
    """Describe the machine: processors, kernel, and the versions of what ran."""
    facts = [f"{os.cpu_count()} CPUs", f"Linux {platform.release()}", f"Python {platform.python_version()}"]
    return ", ".join([*facts, *(f"{name} {version}" for name, version in versions.items())])
