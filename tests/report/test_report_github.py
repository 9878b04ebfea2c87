"""GitHub workflow commands, to the letter."""

from __future__ import annotations

from dataclasses import replace

from oncelint.model.finding import Report
from oncelint.model.values import Position, Span
from oncelint.report import Context, render


def test_annotations(report: Report, context: Context) -> None:
    assert render("github", report, context) == (
        "::warning file=app/main.py,line=5,endLine=5,col=5,endColumn=25,"
        "title=oncelint[producer-not-idempotent]::a retry after a lost acknowledgement writes"
        " these records twice: enable.idempotence is False; remove it"
        "%0Athe producer: app/main.py:3%0Ahelp: enable.idempotence becomes true\n"
        "::error file=conf/reader.properties,line=4,endLine=4,col=1,endColumn=16,"
        "title=oncelint[consumer-reads-uncommitted]::records of aborted transactions reach this"
        " consumer%0Awritten here: app/main.py:3\n"
        "::error file=app/main.py,title=oncelint::oncelint failed in rule acks-not-all:"
        " ValueError: oops\n"
    )


def test_what_would_end_a_property_or_a_command_is_escaped(
    report: Report, context: Context
) -> None:
    span = Span("a,b:c%.py", Position(1, 2), Position(2, 1))
    finding = replace(
        report.findings[0],
        span=span,
        severity="note",
        message="100%\r\n::error::x",
        related=(),
        goal=None,
    )
    assert render("github", Report(findings=(finding,)), context) == (
        "::notice file=a%2Cb%3Ac%25.py,line=1,endLine=2,"
        "title=oncelint[producer-not-idempotent]::100%25%0D%0A::error::x\n"
    )
