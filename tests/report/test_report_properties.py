"""Whatever a file holds and wherever a span points, the full report stays within its terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from oncelint.model.finding import Finding, Related, Report
from oncelint.model.values import Position, Span
from oncelint.report import Context, render
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
    width=st.none() | st.integers(40, 90),
)
def test_no_line_leaves_the_terminal(
    text: str, span: Span, related: list[Related], message: str, width: int | None
) -> None:
    finding = Finding(
        rule="acks-not-all",
        group="idempotence",
        severity="note",
        confidence="low",
        audience="regular",
        message=message,
        span=span,
        related=tuple(related),
        setting=None,
        provenance=(),
        goal=None,
        fingerprint="f",
    )
    source = SourceText("f", text)
    context = Context(source=lambda path: source, width=width)
    output = render("full", Report(findings=(finding,)), context)
    assert all(character.isprintable() or character in "\n\u0301\u200b" for character in output)
    if width is not None:
        for line in output.split("\n"):
            assert cell_len(line) <= width, line
