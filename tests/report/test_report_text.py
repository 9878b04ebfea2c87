"""Concise and full output, to the letter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest

from oncelint.model.finding import Finding, Related, Report
from oncelint.model.values import Origin, Position, Span
from oncelint.report import Context, render
from oncelint.text import SourceText


def test_concise_is_a_line_a_finding(report: Report, context: Context) -> None:
    assert render("concise", report, context) == (
        "app/main.py:5:5: warning[producer-not-idempotent] a retry after a lost acknowledgement"
        " writes these records twice: enable.idempotence is False; remove it\n"
        "conf/reader.properties:4:1: error[consumer-reads-uncommitted] records of aborted"
        " transactions reach this consumer\n"
    )


def test_concise_prints_nothing_for_nothing(empty: Report, context: Context) -> None:
    assert render("concise", empty, context) == ""
    assert render("full", empty, context) == ""


def test_concise_keeps_hostile_text_on_one_line(report: Report, context: Context) -> None:
    finding = replace(report.findings[0], message="a\nb\x1b[31m \u202e")
    text = render("concise", replace(report, findings=(finding,)), context)
    assert text == "app/main.py:5:5: warning[producer-not-idempotent] a b␛[31m �\n"


def test_paths_are_shown_for_the_readers_directory(report: Report, context: Context) -> None:
    here = replace(context, display=lambda path: "../" + path)
    assert render("concise", report, here).startswith("../app/main.py:5:5: ")
    assert " --> ../app/main.py:5:5\n" in render("full", report, here)


def test_statistics_count_by_rule(report: Report, context: Context) -> None:
    many = replace(report, findings=report.findings + report.findings[:1] * 11)
    expected = "12  warning[producer-not-idempotent]\n 1  error[consumer-reads-uncommitted]\n"
    for format in ("concise", "full"):
        assert render(format, many, replace(context, statistics=True)) == expected


def test_subjects_and_unresolved_follow_the_findings(report: Report, context: Context) -> None:
    wanted = replace(context, show_subjects=True, show_unresolved=True)
    none = replace(report, findings=())
    expected = (
        "app/main.py:3:12: subject[producer] confluent-kafka 2.3.0 to 2.4.0:"
        " bootstrap.servers=<unknown: SERVERS>, enable.idempotence=false | true\n"
        "conf/reader.properties:1:1: subject[consumer] kafka-clients, any version\n"
        "app/main.py:4:26: unresolved bootstrap.servers: SERVERS is unknown\n"
    )
    assert render("concise", none, wanted) == expected
    assert render("full", none, wanted) == expected


FULL = """\
warning[producer-not-idempotent]: a retry after a lost acknowledgement writes these records twice: enable.idempotence is False; remove it
 --> app/main.py:5:5
  |
3 | producer = Producer({
  |            ---------- the producer
4 |     "bootstrap.servers": SERVERS,
5 |     "enable.idempotence": False,
  |     ^^^^^^^^^^^^^^^^^^^^
  |
  = enable.idempotence: false, set at app/main.py:5:5: set here
                        true, by default: confluent-kafka 2.3.0
  = help: enable.idempotence becomes true

error[consumer-reads-uncommitted]: records of aborted transactions reach this consumer
 --> conf/reader.properties:4:1
  |
4 | isolation.level=read_uncommitted
  | ^^^^^^^^^^^^^^^
  |
 ::: app/main.py:3:1
  |
3 | producer = Producer({
  | -------- written here
  |
  = confidence: medium

"""

NARROW = """\
warning[producer-not-idempotent]: a retry
  after a lost acknowledgement writes these
  records twice: enable.idempotence is
  False; remove it
 --> app/main.py:5:5
  |
3 | producer = Producer({
  |            ---------- the producer
4 |     "bootstrap.servers": SERVERS,
5 |     "enable.idempotence": False,
  |     ^^^^^^^^^^^^^^^^^^^^
  |
  = enable.idempotence:
      false, set at app/main.py:5:5: set
        here
      true, by default: confluent-kafka
        2.3.0
  = help: enable.idempotence becomes true

"""


def test_advice_the_message_gives_is_not_repeated(report: Report, context: Context) -> None:
    finding = report.findings[0]
    said = replace(finding, message="records repeat; Enable.idempotence becomes true at last")
    for format in ("full", "github"):
        assert "help: " in render(format, replace(report, findings=(finding,)), context)
        assert "help: " not in render(format, replace(report, findings=(said,)), context)


def test_a_default_is_told_once(report: Report, context: Context) -> None:
    origin = Origin("default", "1", None, "default of aiokafka 0.14.0")
    finding = replace(report.findings[0], setting="acks", provenance=(origin,))
    text = render("full", replace(report, findings=(finding,)), context)
    assert "  = acks: 1, default of aiokafka 0.14.0\n" in text


def test_the_steps_of_a_call_path_are_numbered(report: Report, context: Context) -> None:
    related = (
        Related(_at("conf/reader.properties", 2), "consumes here"),
        Related(_at("app/main.py", 3), "calls first"),
        Related(_at("conf/reader.properties", 1), "calls second"),
        Related(_at("app/main.py", 1), "the consumer"),
    )
    finding = replace(report.findings[0], related=related)
    text = render("full", replace(report, findings=(finding,)), context)
    labels = [line.partition("- ")[2] for line in text.splitlines() if "- " in line]
    assert labels == ["the consumer", "2. calls first", "3. calls second", "1. consumes here"]
    one = replace(finding, related=(related[0], related[3]))
    assert "- consumes here\n" in render("full", replace(report, findings=(one,)), context)


def _at(path: str, line: int) -> Span:
    return Span(path, Position(line, 1), Position(line, 4))


def test_full_in_a_pipe(report: Report, context: Context) -> None:
    assert render("full", report, context) == FULL


def test_full_in_a_narrow_terminal(report: Report, context: Context) -> None:
    first = replace(report, findings=report.findings[:1])
    assert render("full", first, replace(context, width=44)) == NARROW


def test_colour_changes_nothing_but_the_colour(report: Report, context: Context) -> None:
    import re

    colored = render("full", report, replace(context, color=True))
    assert "\x1b[1;33mwarning[producer-not-idempotent]\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == FULL
    assert "\x1b" not in render("full", report, context)


SOURCE = (
    "a = Producer({\n"
    + "".join(f'    "k{number}": {number},\n' for number in range(10))
    + "})\n"
    + "\tx\tfoo = '全角文字' + bar  # end\n"
    + "y = '" + "長" * 50 + "' + target + '" + "z" * 100 + "'\n"
    + "\x1b[31mred = 1\n"
    + "if x:\n    p = P(\n        1,\n    )\n"
)  # fmt: skip


def _span(line: int, column: int, end_column: int, end_line: int | None = None) -> Span:
    return Span("f.py", Position(line, column), Position(end_line or line, end_column))


def _excerpt(
    finding: Finding, span: Span, related: Sequence[Related] = (), width: int | None = None
) -> str:
    """The excerpt between the place and the end of the finding."""
    plain = replace(finding, span=span, related=tuple(related), goal=None, provenance=())
    context = Context(source=lambda path: SourceText(path, SOURCE), width=width)
    text = render("full", Report(findings=(replace(plain, message="m"),)), context)
    head, place, *rest = text.split("\n")
    assert head == "warning[producer-not-idempotent]: m"
    assert place.strip() == f"--> {span}"
    return "\n".join(rest)


def test_several_lines_are_joined_by_a_bar(report: Report) -> None:
    related = (Related(_span(2, 5, 9), "inside"), Related(_span(13, 4, 7), "behind"))
    assert _excerpt(report.findings[0], _span(1, 5, 3, 12), related) == (
        "   |\n"
        " 1 |   a = Producer({\n"
        "   |  _____^\n"
        ' 2 | |     "k0": 0,\n'
        "   | |     ---- inside\n"
        ' 3 | |     "k1": 1,\n'
        " …   |\n"
        "12 | | })\n"
        "   | |__^\n"
        "13 |       x   foo = '全角文字' + bar  # end\n"
        "   |           --- behind\n"
        "   |\n\n"
    )


def test_several_lines_that_begin_a_line(report: Report) -> None:
    assert _excerpt(report.findings[0], _span(16, 1, 1, 20)) == (
        "   |\n"
        "16 | / if x:\n"
        "17 | |     p = P(\n"
        "18 | |         1,\n"
        "19 | |     )\n"
        "   | |_____^\n"
        "   |\n\n"
    )


@pytest.mark.parametrize(
    ("span", "width", "expected"),
    [
        pytest.param(
            _span(13, 4, 7),
            None,
            "13 |     x   foo = '全角文字' + bar  # end\n   |         ^^^\n",
            id="tabs move the carets",
        ),
        pytest.param(
            _span(13, 11, 15),
            40,
            "13 |     x   foo = '全角文字' + bar  # …\n   |                ^^^^^^^^\n",
            id="wide characters are two cells",
        ),
        pytest.param(
            _span(14, 60, 66),
            60,
            "14 | …長長長長' + target + '" + "z" * 31 + "…\n   |              ^^^^^^\n",
            id="a long line is cut around its carets",
        ),
        pytest.param(
            _span(15, 1, 9),
            None,
            "15 | ␛[31mred = 1\n   | ^^^^^^^^\n",
            id="a file does not steer the terminal",
        ),
        pytest.param(_span(99, 1, 9), None, "", id="a place the file no longer has"),
    ],
)
def test_excerpts(report: Report, span: Span, width: int | None, expected: str) -> None:
    frame = "   |\n"
    excerpt = _excerpt(report.findings[0], span, width=width)
    assert excerpt == f"{frame}{expected}{frame}\n"
    if width is not None:
        from rich.cells import cell_len

        assert max(cell_len(line) for line in excerpt.split("\n")) <= width


def test_a_label_without_room_goes_below(report: Report) -> None:
    label = "a label that is too long for this terminal width"
    related = (Related(_span(1, 14, 15), label),)
    assert _excerpt(report.findings[0], _span(1, 5, 13), related, width=40) == (
        "  |\n"
        "1 | a = Producer({\n"
        "  |     ^^^^^^^^\n"
        "  |              -\n"
        "  |             a label that is too long\n"
        "  |             for this terminal width\n"
        "  |\n\n"
    )


def test_a_label_below_moves_no_other_mark(report: Report) -> None:
    related = (
        Related(_span(17, 9, 10), "a label that is too long to stand beside its mark"),
        Related(_span(17, 11, 13), "call"),
    )
    assert _excerpt(report.findings[0], _span(17, 5, 6), related, width=40) == (
        "   |\n"
        "17 |     p = P(\n"
        "   |     ^\n"
        "   |         -\n"
        "   |         a label that is too long to\n"
        "   |         stand beside its mark\n"
        "   |           - call\n"
        "   |\n\n"
    )


def test_a_file_that_is_gone_still_names_its_places(report: Report) -> None:
    text = render("full", replace(report, findings=report.findings[1:]), Context())
    assert text == (
        "error[consumer-reads-uncommitted]: records of aborted transactions reach this consumer\n"
        " --> conf/reader.properties:4:1\n"
        " ::: app/main.py:3:1\n"
        "  | line 3: written here\n"
        "  = confidence: medium\n\n"
    )


def test_only_full_loads_rich_and_only_for_findings() -> None:
    code = (
        "import sys\n"
        "from oncelint.model.finding import Finding, Report\n"
        "from oncelint.model.values import Position, Span\n"
        "from oncelint.report import Context, render\n"
        "finding = Finding(rule='r', group='g', severity='note', confidence='high',\n"
        "    audience='regular', message='m', span=Span('f', Position(1, 1), Position(1, 2)),\n"
        "    related=(), setting=None, provenance=(), goal=None, fingerprint='')\n"
        "for format in ('concise', 'json', 'github', 'sarif'):\n"
        "    assert render(format, Report(findings=(finding,)), Context())\n"
        "assert render('full', Report(findings=()), Context()) == ''\n"
        "assert 'rich' not in sys.modules\n"
        "assert render('full', Report(findings=(finding,)), Context())\n"
        "assert 'rich' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_format_is_refused(empty: Report, context: Context) -> None:
    with pytest.raises(ValueError, match="no output format html"):
        render("html", empty, context)
