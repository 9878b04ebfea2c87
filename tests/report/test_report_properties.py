"""Whatever a file holds and wherever a span points, the full report stays within its terminal, and
what it shows of a fix is what the fix does."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from oncelint.model.finding import Finding, Related, Report
from oncelint.model.fixes import Edit, Fix
from oncelint.model.values import Position, Span
from oncelint.report import Context, render
from oncelint.report.fixes import shown_fixes
from oncelint.text import SourceText

TEXTS = st.text(
    st.sampled_from("ab \t\n\r\x1b\x00é長\u0301\u200b\u202e\U0001f600{}[]"), max_size=300
)
POSITIONS = st.builds(Position, st.integers(1, 12), st.integers(1, 90))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start, end = sorted((draw(POSITIONS), draw(POSITIONS)))
    return Span("f", start, end)


@given(
    text=TEXTS,
    span=spans(),
    related=st.lists(st.builds(Related, spans(), st.text("ab 長", max_size=60)), max_size=3),
    message=st.text("word 長\n", max_size=120),
    edits=st.lists(st.builds(Edit, spans(), st.text("ab =\n\r\t長\x1b", max_size=60)), max_size=3),
    width=st.none() | st.integers(40, 90),
)
def test_no_line_leaves_the_terminal(
    text: str,
    span: Span,
    related: list[Related],
    message: str,
    edits: list[Edit],
    width: int | None,
) -> None:
    fix = Fix(title=message, safety="unsafe", edits=tuple(edits), reason=message, users=(span,))
    finding = replace(_FINDING, message=message, span=span, related=tuple(related), fixes=(fix,))
    source = SourceText("f", text)
    context = Context(source=lambda path: source, width=width)
    output = render("full", Report(findings=(finding,)), context)
    assert all(character.isprintable() or character in "\n\u0301\u200b" for character in output)
    if width is not None:
        for line in output.split("\n"):
            assert cell_len(line) <= width, line


@given(text=st.text("ab\n", max_size=40), end=st.sampled_from(("\n", "\r\n", "\r")), data=st.data())
def test_the_lines_of_a_diff_lead_from_the_old_file_to_the_new_one(
    text: str, end: str, data: st.DataObject
) -> None:
    text = text.replace("\n", end)
    source = SourceText("f", text)
    places = [source.offset(source.position(place)) for place in range(len(text) + 1)]
    ends = sorted(data.draw(st.lists(st.sampled_from(places), max_size=8)))
    replacement = st.text("ab\n", max_size=6).map(lambda new: new.replace("\n", end))
    parts = zip(ends[::2], ends[1::2], strict=False)
    edits = list(dict.fromkeys(Edit(source.span(*part), data.draw(replacement)) for part in parts))
    new, done = "", 0
    for edit in sorted(edits, key=lambda one: one.span):
        new += text[done : source.offset(edit.span.start)] + edit.replacement
        done = source.offset(edit.span.end)
    new += text[done:]
    fix = Fix(title="t", safety="safe", edits=tuple(edits))
    shown = shown_fixes(replace(_FINDING, fixes=(fix,)), lambda path: source)
    rows = [row for file in shown[0].files for row in file.rows]
    lines = dict(enumerate(_lines(text), 1))
    for row in rows:
        if row.sign in "- ":
            assert lines[row.number] == row.text
    left = [lines[n] for n in lines if not any((r.sign, r.number) == ("-", n) for r in rows)]
    for row in rows:
        if row.sign == "+":
            left.insert(row.number - 1, row.text)
    assert left == _lines(new)


def _lines(text: str) -> list[str]:
    lines = re.split(r"\r\n|\r|\n", text)
    return lines if lines[-1] else lines[:-1]


# An entry of a configuration in some syntaxes: what stands before, between and behind the entries.
_SYNTAXES = (
    ("", "{key}={value}", "\n", "\n"),
    ("", "{key} = \\\n    {value}", "\n", "\n"),
    ("", "{key}: {value}", "\n", ""),
    ("kafka:\n  ", "{key}:\n    {value}", "\n  ", "\n"),
    ("", "{key}: |\n  a\n  {value}\n  b", "\n", "\n"),
    ("env:\n", "- name: {key}\n  value: {value}", "\n", "\n"),
    ("p = P({{\n    ", '"{key}": "{value}"', ",\n    ", "\n}})\n"),
    ("p = P({{\n    ", '"{key}": (\n        "a "\n        "{value}"\n    )', ",\n    ", "\n}})\n"),
    ("p = P({{", '"{key}": "{value}"', ", ", "}})\n"),
    ("p = P(", "{key}='{value}'", ",", ")\n"),
    ("{{", '"{key}":"{value}"', ",", "}}"),
    ("env ", "{key}={value}", " ", " run\n"),
    ("url = kafka://me:hunter2@host?", "{key}={value}", "&", "\n"),
)
_KEYS = ("acks", "linger.ms", "retries", "client.id")
_SECRETS = ("sasl.password", "KAFKA_SECRET", "sasl.jaas.config", "api_key", "auth-token")


@given(
    syntax=st.sampled_from(_SYNTAXES),
    secret=st.sampled_from(_SECRETS),
    keys=st.permutations(_KEYS),
    place=st.integers(0, len(_KEYS)),
    data=st.data(),
)
def test_a_secret_beside_a_change_is_not_shown(
    syntax: tuple[str, str, str, str],
    secret: str,
    keys: list[str],
    place: int,
    data: st.DataObject,
) -> None:
    before, entry, between, behind = (
        part if part == syntax[1] else part.format() for part in syntax
    )
    entries = [entry.format(key=key, value="old") for key in keys]
    entries.insert(place, entry.format(key=secret, value="hunter2"))
    edits: list[Edit] = []
    source = SourceText("f", before + between.join(entries) + behind)
    chosen = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=2, unique=True))
    for key in chosen:
        own = entry.format(key=key, value="old")
        start = source.text.index(own)
        value = start + own.index("old")
        how = data.draw(st.sampled_from(("change", "rename", "add", "insert", "remove")))
        new = {"add": between + entry, "insert": entry + between}.get(how, "")
        begin, end, text = {
            "change": (value, value + 3, "new"),
            "rename": (start + own.index(key) + 1, start + own.index(key) + 3, "_"),
            "add": (start + len(own), start + len(own), new.format(key="new", value="new")),
            "insert": (start, start, new.format(key="new", value="new")),
            "remove": (start, start + len(own), ""),
        }[how]
        edits.append(Edit(source.span(begin, end), text))
    fix = Fix(title="t", safety="safe", edits=tuple(edits))
    shown = shown_fixes(replace(_FINDING, fixes=(fix,)), lambda path: source)
    rows = [row for file in shown[0].files for row in file.rows]
    assert {row.sign for row in rows} & {"-", "+"}
    assert "hunter2" not in "\n".join(row.text for row in rows)


_FINDING = Finding(
    rule="acks-not-all",
    group="idempotence",
    severity="note",
    confidence="low",
    audience="regular",
    message="m",
    span=Span("f", Position(1, 1), Position(1, 1)),
    related=(),
    setting=None,
    provenance=(),
    goal=None,
    fingerprint="f",
)
