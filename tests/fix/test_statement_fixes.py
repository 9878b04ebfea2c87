"""Fixes of database writes: what is written, what is not and why, and that the finding is gone."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fix.statement_cases import (
    CORE,
    DJANGO,
    PAIR,
    POSTGRES,
    PSYCOPG2,
    REFUSED,
    WRITTEN,
    Case,
    app,
)

from oncelint import api
from oncelint.fix.statements import repeatable
from oncelint.model.finding import Finding, Report
from oncelint.model.fixes import Fix
from oncelint.model.sinks import Sink
from oncelint.model.values import Span
from oncelint.patches import Patch, apply
from oncelint.settings import Settings
from oncelint.text import SourceText

RULE = "insert-without-conflict-key"
CASES = {**WRITTEN, **CORE, **POSTGRES, **DJANGO}


def check(files: Mapping[str, str], folder: Path) -> Report:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    settings = Settings(min_confidence="low", min_severity="note")
    return api.check([str(folder)], settings=settings, root=folder, jobs=1)


def _findings(report: Report) -> list[Finding]:
    return [one for one in report.findings if one.rule == RULE]


def fixes(report: Report, files: Mapping[str, str]) -> list[Fix]:
    """The fixes of a report's findings, in its order."""

    def read(path: str) -> SourceText | None:
        return SourceText(path, files[path]) if path in files else None

    planned = []
    for finding in _findings(report):
        assert isinstance(finding.subject, Sink)
        planned.append(repeatable(finding.subject, read, report.sinks))
    return planned


def edited(files: Mapping[str, str], fix: Fix) -> dict[str, str]:
    result = dict(files)
    for path in {edit.span.path for edit in fix.edits}:
        source = SourceText(path, files[path])
        patches = [
            Patch(source.offset(edit.span.start), source.offset(edit.span.end), edit.replacement)
            for edit in fix.edits
            if edit.span.path == path
        ]
        result[path] = apply(source.text, patches)
    return result


def _expected(case: Case, files: Mapping[str, str]) -> dict[str, str]:
    text = files[case.path]
    for before, after in ((case.before, case.after), *case.more):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return {**files, case.path: text}


def _others(report: Report) -> list[tuple[str, str]]:
    return [(one.rule, one.message) for one in report.findings if one.rule != RULE]


@pytest.mark.parametrize("name", CASES)
def test_what_is_written(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    files = case.project()
    before = check(files, tmp_path / "before")
    (fix,) = fixes(before, files)
    assert fix.safety == case.safety, fix.reason
    assert case.reason in (fix.reason or "")
    assert (fix.reason is None) == (case.safety == "safe")
    if case.title:
        assert fix.title == case.title
    after = edited(files, fix)
    assert after == _expected(case, files)
    for path, text in after.items():
        if path.endswith(".py"):
            ast.parse(text)
    report = check(after, tmp_path / "after")
    assert not _findings(report)
    assert _others(report) == _others(before)
    assert len(report.sinks) == len(before.sinks)


@pytest.mark.parametrize("name", WRITTEN)
def test_the_statement_is_the_one_meant(name: str, tmp_path: Path) -> None:
    """What is executed afterwards is what was executed before, and the clause."""
    case = WRITTEN[name]
    files = case.project()
    before = check(files, tmp_path / "before")
    (fix,) = fixes(before, files)
    after = check(edited(files, fix), tmp_path / "after")
    (one,), (other,) = before.sinks, after.sinks
    assert one.statement is not None
    assert other.statement is not None
    clause = fix.title.removeprefix("add ").partition(" to the INSERT")[0]
    assert other.statement.count(clause) == 1
    assert _plain(other.statement.replace(clause, "")) == _plain(one.statement)
    assert other.guard in ("ON CONFLICT", "ON DUPLICATE KEY")


def _plain(statement: str) -> str:
    """A statement without its blanks."""
    return "".join(statement.split())


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_is_displayed(name: str, tmp_path: Path) -> None:
    case = REFUSED[name]
    files = case.project()
    found = fixes(check(files, tmp_path), files)
    assert found
    for fix in found:
        assert (fix.safety, fix.edits) == ("display", ())
        assert case.reason in (fix.reason or ""), fix.reason
        assert fix.title.startswith("let the ")


def test_a_text_that_is_executed_twice_is_changed_once(tmp_path: Path) -> None:
    setup = PSYCOPG2 + 'INSERT = "INSERT INTO orders (id, total) VALUES (%s, %s)"\n'
    files = {
        "app.py": app(setup, f"cursor.execute(INSERT, {PAIR})\ncursor.execute(INSERT, {PAIR})"),
        "schema.sql": "CREATE TABLE orders (id text PRIMARY KEY, total integer);\n",
    }
    report = check(files, tmp_path)
    first, second = fixes(report, files)
    assert first.edits == second.edits
    assert first.safety == second.safety == "unsafe"
    assert first.reason is not None
    assert first.reason.startswith("the same text serves one more write")
    assert [str(span) for span in first.users] == ["app.py:17:5"]
    assert [str(span) for span in second.users] == ["app.py:16:5"]
    assert not _findings(check(edited(files, first), tmp_path / "after"))


def test_a_write_of_two_consumers_names_the_other(tmp_path: Path) -> None:
    text = app(
        PSYCOPG2
        + "def store(order):\n"
        + f'    cursor.execute("INSERT INTO orders (id, total) VALUES (%s, %s)", {PAIR})\n',
        "store(order)",
    )
    second = text[text.index("consumer = ") :].replace("consumer", "second").replace('"g"', '"h"')
    files = {
        "app.py": text.replace("while True:", "while next(turns):") + second,
        "schema.sql": "CREATE TABLE orders (id text PRIMARY KEY, total integer);\n",
    }
    report = check(files, tmp_path)
    assert len(report.sinks) == 2
    (fix,) = fixes(report, files)
    assert fix.safety == "unsafe"
    assert len(fix.users) == 1
    assert fix.users[0] in [sink.consumer.span for sink in report.sinks]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    files = WRITTEN["one line"].project()
    report = check(files, tmp_path)
    (fix,) = fixes(report, {})
    assert (fix.safety, fix.reason) == ("display", "app.py cannot be read")


def test_a_file_that_has_become_another(tmp_path: Path) -> None:
    """Places that no longer hold what was analysed are not written to."""
    changed: Sequence[str] = ("", "x = 1\n", "(" * 500, 'cursor.execute("SELECT 1")\n' * 30)
    for name in ("one line", "insert() of SQLAlchemy", "bulk_create() of Django"):
        report = check(CASES[name].project(), tmp_path / name)
        for text in changed:
            (fix,) = fixes(report, {**CASES[name].project(), "app.py": text})
            assert (fix.safety, fix.edits) == ("display", ())


# Random literals --------------------------------------------------------------------------------

_UNITS = ("id", ", ", "%s", "'a'", "é", "{x}", "\n", "\t", "\\\\", "f(1)", "$1", "1.5", "🛒")


@cache
def _any_sink() -> Sink:
    with TemporaryDirectory() as folder:
        (sink,) = check(WRITTEN["one line"].project(), Path(folder)).sinks
    return sink


def _written(units: Sequence[str], prefix: str, quote: str) -> str | None:
    """A part of a text as a literal of a given form; None where that form cannot hold it."""
    text = "".join(units)
    if "f" not in prefix and "{x}" in units:
        return None
    if "r" in prefix and (quote[0] in text or "\\" in text or ("\n" in text and len(quote) == 1)):
        return None
    if "r" not in prefix:
        text = text.replace("\\", "\\\\").replace(quote[0], "\\" + quote[0])
        text = text if len(quote) == 3 else text.replace("\n", "\\n")
    return f"{prefix}{quote}{text}{quote}"


@st.composite
def literals(draw: st.DrawFn) -> str:
    """An expression of one or several literals that is an INSERT."""
    row = draw(st.lists(st.sampled_from(_UNITS), min_size=1, max_size=8))
    blank = draw(st.sampled_from([" ", "\n", "\n    "]))
    behind = draw(st.sampled_from(["", " ", ";", "\n", blank + "RETURNING id"]))
    units = ["INSERT INTO t ", "(id", ", total)", blank, "VALUES ", "(1 ", *row, ")", behind]
    parts = []
    while units:
        size = draw(st.integers(1, len(units)))
        form = draw(st.sampled_from(["", "r", "f", "rf", "F", "u"]))
        quote = draw(st.sampled_from(["'", '"', "'''", '"""']))
        part = _written(units[:size], form, quote)
        parts.append(part or _written(units[:size], "f", quote) or "")
        units = units[size:]
    seam = draw(st.sampled_from([" ", "\n", "  # note\n", "\n    "]))
    return seam.join(parts)


@given(literals(), st.sampled_from(["\n", "\r\n"]))
def test_random_literals(source: str, line_end: str) -> None:
    """The value gains the clause and nothing else, and no other character of the file changes."""
    head, tail = "# größer\nstatement = (\n", "\n)\nother = 'größer'\n"
    text = "".join((head, source, tail)).replace("\n", line_end)
    file = SourceText("app.py", text)
    start, end = len(head.replace("\n", line_end)), len(text) - len(tail.replace("\n", line_end))
    span: Span = file.span(start, end)
    value = eval(f"(\n{source}\n)", {"x": 7})
    sink = replace(_any_sink(), statement_span=span, statement=value, table="t")
    fix = repeatable(sink, lambda path: file)
    assert fix.edits, fix.reason
    (edit,) = fix.edits
    at = file.offset(edit.span.start)
    assert edit.span.start == edit.span.end
    assert start < at < end
    written = edited({"app.py": text}, fix)["app.py"]
    assert written == text[:at] + edit.replacement + text[at:]
    names: dict[str, object] = {"x": 7}
    exec(compile(written, "app.py", "exec"), names)
    after = str(names["statement"])
    place = value.rindex(")") + 1
    added = after[place : place + len(after) - len(value)]
    assert after == value[:place] + added + value[place:]
    assert added.strip() == "ON CONFLICT (id) DO NOTHING"
    assert not added.strip(" \n\t").startswith("(")
