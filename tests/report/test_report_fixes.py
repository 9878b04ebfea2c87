"""Fixes in the full output, to the letter, and what they must not show."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from oncelint.model.finding import Finding, Goal, Report
from oncelint.model.fixes import Edit, Fix
from oncelint.model.values import Position, Span
from oncelint.report import Context, render
from oncelint.text import SourceText

APP = """\
from confluent_kafka import Producer

producer = Producer({
    "bootstrap.servers": SERVERS,
    "enable.idempotence": False,
    "linger.ms": 5,
})

producer.flush()
"""
TITLE = "set enable.idempotence to true"


def _finding(
    *fixes: Fix,
    path: str = "app.py",
    message: str = "records repeat",
    goal: Goal | None = None,
) -> Finding:
    return Finding(
        rule="r",
        group="g",
        severity="note",
        confidence="low",
        audience="regular",
        message=message,
        span=Span(path, Position(1, 1), Position(1, 2)),
        related=(),
        setting=None,
        provenance=(),
        goal=goal,
        fingerprint="f",
        fixes=fixes,
    )


def _edit(text: str, old: str, new: str, path: str = "app.py", *, behind: bool = False) -> Edit:
    """`old`, which stands in the text once, becomes `new`; with `behind`, `new` is put behind it."""
    assert text.count(old) == 1
    start, end = text.index(old), text.index(old) + len(old)
    return Edit(SourceText(path, text).span(end if behind else start, end), new)


def _full(finding: Finding, texts: Mapping[str, str], width: int | None = None) -> str:
    """What stands behind the line about the confidence."""

    def source(path: str) -> SourceText | None:
        return SourceText(path, texts[path]) if path in texts else None

    text = render("full", Report(findings=(finding,)), Context(source=source, width=width))
    before, _, after = text.partition("= confidence: low\n")
    assert "fix" not in before
    assert after.endswith("\n\n") or not after.strip()
    return after[:-1]


def _shown(text: str, *edits: Edit, width: int | None = None) -> str:
    """The diff of a safe fix in one file."""
    fix = Fix(title=TITLE, safety="safe", edits=edits)
    head, _, diff = _full(_finding(fix), {"app.py": text}, width).partition("\n")
    assert head.strip().startswith("= fix (safe)")
    return diff


OFF = _edit(APP, "False", "True")


def test_a_safe_fix() -> None:
    assert _full(_finding(Fix(title=TITLE, safety="safe", edits=(OFF,))), {"app.py": APP}) == (
        "  = fix (safe): set enable.idempotence to true\n"
        '4 |       "bootstrap.servers": SERVERS,\n'
        '5 | -     "enable.idempotence": False,\n'
        '5 | +     "enable.idempotence": True,\n'
        '6 |       "linger.ms": 5,\n'
    )


def test_an_unsafe_fix_says_why_and_what_else_it_changes() -> None:
    users = (
        Span("app/consumer.py", Position(12, 5), Position(12, 9)),
        Span("app/tool.py", Position(3, 1), Position(3, 9)),
    )
    fix = Fix(title=TITLE, safety="unsafe", edits=(OFF,), reason="it changes more", users=users)
    assert _full(_finding(fix), {"app.py": APP}).startswith(
        "  = fix (unsafe, wants --unsafe-fixes): set enable.idempotence to true\n"
        "      because it changes more\n"
        "      also changes app/consumer.py:12, app/tool.py:3\n"
        '4 |       "bootstrap.servers": SERVERS,\n'
    )


def test_a_fix_that_is_not_written() -> None:
    fix = Fix(title="Set it", safety="display", reason="it is a template")
    finding = _finding(fix, goal=Goal("Set it to true"))
    text = render("full", Report(findings=(finding,)), Context())
    assert text == (
        "note[r]: records repeat\n"
        " --> app.py:1:1\n"
        "  = help: Set it\n"
        "  = confidence: low\n"
        "  = no fix is written: it is a template\n\n"
    )
    said = _finding(fix, message="records repeat; set it")
    assert "help" not in render("full", Report(findings=(said,)), Context())
    bare = _finding(Fix(title="Set it", safety="display"))
    assert _full(bare, {}) == "  = no fix is written\n"


def test_a_goal_without_a_planned_fix_is_help() -> None:
    finding = _finding(goal=Goal("set it", {}, "safe"))
    text = render("full", Report(findings=(finding,)), Context())
    assert text.endswith("  = help: set it\n  = confidence: low\n\n")


def test_a_fix_says_itself_what_to_do() -> None:
    fix = Fix(title=TITLE, safety="safe", edits=(OFF,))
    text = render("full", Report(findings=(_finding(fix, goal=Goal("do so")),)), Context())
    assert "help" not in text
    assert "= fix (safe): set enable.idempotence to true" in text


def test_several_fixes_of_a_finding() -> None:
    fixes = (
        Fix(title="first", safety="safe", edits=(OFF,)),
        Fix(title="second", safety="display", reason="none"),
    )
    heads = [line for line in _full(_finding(*fixes), {"app.py": APP}).splitlines() if "=" in line]
    assert heads == ["  = fix (safe): first", "  = help: second", "  = no fix is written: none"]


def test_each_file_has_its_block_and_the_gutter_fits_all() -> None:
    conf = "".join(f"k{number}=v\n" for number in range(1, 100)) + "acks=1\nlinger.ms=5\n"
    edits = (
        _edit(conf, "acks=1", "acks=all", "conf/app.properties"),
        OFF,
        Edit(Span("gone.env", Position(7, 1), Position(7, 1)), "x"),
    )
    finding = _finding(Fix(title=TITLE, safety="safe", edits=edits))
    texts = {"app.py": APP, "conf/app.properties": conf}
    text = render(
        "full",
        Report(findings=(finding,)),
        Context(
            source=lambda path: SourceText(path, texts[path]) if path in texts else None,
            display=lambda path: "../" + path,
        ),
    )
    assert text == (
        "note[r]: records repeat\n"
        "   --> ../app.py:1:1\n"
        "    |\n"
        "  1 | from confluent_kafka import Producer\n"
        "    | ^\n"
        "    |\n"
        "    = confidence: low\n"
        "    = fix (safe): set enable.idempotence to true\n"
        '  4 |       "bootstrap.servers": SERVERS,\n'
        '  5 | -     "enable.idempotence": False,\n'
        '  5 | +     "enable.idempotence": True,\n'
        '  6 |       "linger.ms": 5,\n'
        "   ::: ../conf/app.properties:100\n"
        " 99 |   k99=v\n"
        "100 | - acks=1\n"
        "100 | + acks=all\n"
        "101 |   linger.ms=5\n"
        "   ::: ../gone.env:7\n"
        "\n"
    )


def test_lines_that_come_and_go() -> None:
    come = _edit(APP, "SERVERS,", '\n    "acks": "all",', behind=True)
    gone = _edit(APP, '    "linger.ms": 5,\n', "")
    assert _shown(APP, come) == (
        '4 |       "bootstrap.servers": SERVERS,\n'
        '5 | +     "acks": "all",\n'
        '5 |       "enable.idempotence": False,\n'
    )
    assert _shown(APP, gone) == (
        '5 |       "enable.idempotence": False,\n6 | -     "linger.ms": 5,\n7 |   })\n'
    )
    assert _shown(APP, come, gone) == (
        '4 |       "bootstrap.servers": SERVERS,\n'
        '5 | +     "acks": "all",\n'
        '5 |       "enable.idempotence": False,\n'
        '6 | -     "linger.ms": 5,\n'
        "7 |   })\n"
    )


def test_added_lines_are_numbered_as_they_will_be() -> None:
    assert _shown(
        APP,
        _edit(APP, "import Producer\n", "import os\n", behind=True),
        _edit(APP, "flush()", "flush(5)"),
    ) == (
        " 1 |   from confluent_kafka import Producer\n"
        " 2 | + import os\n"
        " 2 |\n"
        " …\n"
        " 8 |\n"
        " 9 | - producer.flush()\n"
        "10 | + producer.flush(5)\n"
    )


def test_an_edit_of_several_lines_shows_those_that_differ() -> None:
    new = (
        'Producer({\n    "bootstrap.servers": SERVERS,\n    "acks": "all",\n    "linger.ms": 9,\n})'
    )
    old = APP[APP.index("Producer({") : APP.index("})") + 2]
    assert _shown(APP, _edit(APP, old, new)) == (
        '4 |       "bootstrap.servers": SERVERS,\n'
        '5 | -     "enable.idempotence": False,\n'
        '6 | -     "linger.ms": 5,\n'
        '5 | +     "acks": "all",\n'
        '6 | +     "linger.ms": 9,\n'
        "7 |   })\n"
    )
    kept = old.replace("({", "(CONFIG | {").replace(": 5", ": 9")
    assert _shown(APP, _edit(APP, old, kept)) == (
        "3 | - producer = Producer({\n"
        "3 | + producer = Producer(CONFIG | {\n"
        '4 |       "bootstrap.servers": SERVERS,\n'
        '5 |       "enable.idempotence": False,\n'
        '6 | -     "linger.ms": 5,\n'
        '6 | +     "linger.ms": 9,\n'
        "7 |   })\n"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_count(end: str) -> None:
    text = end.join(("a=1", "acks=1", "b=2"))
    assert _shown(
        text,
        _edit(text, "acks=1", "acks=all"),
        _edit(text, "b=2", f"{end}c=3", behind=True),
    ) == ("1 |   a=1\n2 | - acks=1\n2 | + acks=all\n3 |   b=2\n4 | + c=3\n")
    whole = Span("app.py", Position(1, 1), Position(3, 4))
    assert _shown(text, Edit(whole, "a=1\nacks=all\nb=2\n")) == (
        "1 |   a=1\n2 | - acks=1\n2 | + acks=all\n3 |   b=2\n"
    )


def test_the_ends_of_a_file() -> None:
    def at(line: int, column: int, text: str) -> Edit:
        return Edit(Span("app.py", Position(line, column), Position(line, column)), text)

    assert _shown("a=1", at(1, 4, "\nacks=all")) == "1 |   a=1\n2 | + acks=all\n"
    assert _shown("a=1\n", at(2, 1, "acks=all\n")) == "1 |   a=1\n2 | + acks=all\n"
    assert _shown("a=1\n", at(2, 1, "acks=all")) == "1 |   a=1\n2 | + acks=all\n"
    assert _shown("a=1\n", at(1, 1, "acks=all\n")) == "1 | + acks=all\n1 |   a=1\n"
    assert _shown("", at(1, 1, "acks=all\n")) == "1 | + acks=all\n"
    everything = Edit(Span("app.py", Position(1, 1), Position(3, 1)), "")
    assert _shown("a=1\nb=2\n", everything) == "1 | - a=1\n2 | - b=2\n"


def test_an_insertion_stands_before_a_replacement_at_the_same_place() -> None:
    place = Position(1, 6)
    edits = (
        Edit(Span("app.py", place, Position(1, 7)), "all"),
        Edit(Span("app.py", place, place), "'"),
        Edit(Span("app.py", place, place), '"'),
    )
    assert _shown("acks=1\n", *edits) == "1 | - acks=1\n1 | + acks='\"all\n"


def test_a_long_line_is_cut_around_the_change() -> None:
    text = "x = '" + "ab-" * 70 + "', acks=1, y = '" + "cd-" * 70 + "'\n"
    assert _shown(text, _edit(text, "acks=1", "acks=all"), width=60) == (
        "1 | - …ab-ab-ab-', acks=1, y = 'cd-cd-cd-cd-cd-cd-cd-cd-cd-…\n"
        "1 | + …ab-ab-ab-', acks=all, y = 'cd-cd-cd-cd-cd-cd-cd-cd-c…\n"
    )
    wide = _shown(text, _edit(text, "acks=1", "acks=all"))
    assert {len(line) for line in wide.splitlines()} == {120}


def test_a_narrow_terminal() -> None:
    fix = Fix(
        title="set enable.idempotence to true, which makes acks all",
        safety="unsafe",
        edits=(OFF,),
        reason="each record then waits for all in-sync replicas",
    )
    assert _full(_finding(fix), {"app.py": APP}, 40) == (
        "  = fix (unsafe, wants --unsafe-fixes):\n"
        "        set enable.idempotence to true,\n"
        "        which makes acks all\n"
        "      because each record then waits for\n"
        "        all in-sync replicas\n"
        '4 |       "bootstrap.servers": SERVERS,\n'
        '5 | -     "enable.idempotence": False,\n'
        '5 | +     "enable.idempotence": True,\n'
        '6 |       "linger.ms": 5,\n'
    )


def test_a_file_does_not_steer_the_terminal() -> None:
    text = "\x1b[31mred = 1\n\tacks=1\n"
    assert _shown(text, _edit(text, "acks=1", "acks=\x1ball")) == (
        "1 |   ␛[31mred = 1\n2 | -     acks=1\n2 | +     acks=␛all\n"
    )


def test_colours_of_lines_that_come_and_go() -> None:
    finding = _finding(Fix(title=TITLE, safety="safe", edits=(OFF,)))
    report = Report(findings=(finding,))

    def text(*, color: bool) -> str:
        return render(
            "full", report, Context(source=lambda path: SourceText(path, APP), color=color)
        )

    colored = text(color=True)
    assert '\x1b[31m-     "enable.idempotence": False,\x1b[0m' in colored
    assert '\x1b[32m+     "enable.idempotence": True,\x1b[0m' in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == text(color=False)
    assert "\x1b" not in text(color=False)


# Secrets --------------------------------------------------------------------------------------


def _lines(text: str, *replaced: tuple[str, str]) -> list[str]:
    """The diff of some replacements, by lines."""
    return _shown(text, *(_edit(text, old, new) for old, new in replaced)).splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "sasl.password=hunter2\nacks=1\n",
        "acks=1\nsasl.password=hunter2\n",
        "acks=1\nKAFKA_SECRET=hunter2\n",
        "acks=1\napi_key: hunter2\n",
        'acks=1\nKAFKA_PASS="hunter2"\n',
        "acks=1\nssl.pasword=hunter2\n",
        "acks=1\nsasl.username=hunter2\n",
        "acks=1\nproxy=http://me:hunter2@proxy:3128\n",
        "acks=1\nkey=" + "hunter2" * 7 + "\n",
        'sasl.jaas.config=Plain required \\\n  user="me" \\\n  word="hunter2";\nacks=1\n',
        'sasl.jaas.config=Plain required \\\nuser="me" \\\nword="hunter2";\nacks=1\n',
        "sasl:\n  jaas: |\n    one\n    two\n    hunter2\nacks=1\n",
        '    "sasl.password":\n        "hunter2",\n    acks=1\n',
        "- name: KAFKA_PASSWORD\n  # from the vault\n\n  value: hunter2\n- acks=1\n",
        "password: >-\n\n  hunter2\nacks=1\n",
    ],
)
def test_unchanged_lines_that_may_hold_a_secret_are_left_out(text: str) -> None:
    lines = _lines(text, ("acks=1", "acks=all"))
    number = text[: text.index("acks")].count("\n") + 1
    lead = text[: text.index("acks")].rpartition("\n")[2]
    assert lines == [f"{number} | - {lead}acks=1", f"{number} | + {lead}acks=all"]


def test_what_is_left_out_between_changes_is_marked() -> None:
    text = "acks=1\nsasl.password=hunter2\nlinger.ms=5\nretries=3\n"
    assert _lines(text, ("acks=1", "acks=all"), ("linger.ms=5", "linger.ms=9")) == [
        "1 | - acks=1",
        "1 | + acks=all",
        "…",
        "3 | - linger.ms=5",
        "3 | + linger.ms=9",
        "4 |   retries=3",
    ]


@pytest.mark.parametrize(
    ("text", "old", "new", "removed", "added"),
    [
        pytest.param(
            'Producer({"sasl.password": "hunter2", "acks": 1, "linger.ms": 5})',
            "1,",
            '"all",',
            '…"acks": 1,…',
            '…"acks": "all",…',
            id="beside the change",
        ),
        pytest.param(
            '    p = P(acks=1, password="hunter2")',
            "1",
            '"all"',
            "    …acks=1…",
            '    …acks="all"…',
            id="behind the change",
        ),
        pytest.param(
            'P({"sasl.password": "hunter2"})',
            '"hunter2"',
            '"hunter2", "acks": "all"',
            '…"sasl.password"…})',
            '…"sasl.password"…})',
            id="within the change",
        ),
        pytest.param(
            '{"sasl_password": "hunter2", "a": 1}',
            "l_p",
            "l.p",
            '{"sasl_password"…',
            '{"sasl.password"…',
            id="its key renamed",
        ),
        pytest.param(
            "broker.scret=hunter2", "sc", "sec", "broker.scret…", "broker.secret…", id="new name"
        ),
        pytest.param(
            'P("' + "hunter2" * 7 + '", acks=1)',
            "1",
            "0",
            "…acks=1)",
            "…acks=0)",
            id="key material",
        ),
        pytest.param(
            "url = kafka://me:hunter2@host?acks=1&b=2",
            "1",
            "all",
            "…acks=1…",
            "…acks=all…",
            id="in an address",
        ),
        pytest.param(
            'K_PW=hunter2 ACKS=1 run "$X"',
            "=1",
            "=all",
            "…ACKS=1…",
            "…ACKS=all…",
            id="in a command",
        ),
        pytest.param("password=hunter2", "hunter2", "x", "password…", "password…", id="its value"),
    ],
)
def test_changed_lines_show_no_secret(
    text: str, old: str, new: str, removed: str, added: str
) -> None:
    assert _lines(text + "\n", (old, new)) == [f"1 | - {removed}", f"1 | + {added}"]


def test_two_changes_of_a_setting_beside_a_secret() -> None:
    text = 'P(password="hunter2", ack=1)\n'
    edits = (_edit(text, "ack", "s", behind=True), _edit(text, "1", '"all"'))
    assert _shown(text, *edits) == '1 | - …ack=1)\n1 | + …acks="all")\n'


def test_a_setting_put_beside_a_secret_is_shown() -> None:
    text = 'P({"sasl.password": "hunter2"})\n'
    edit = _edit(text, '"hunter2"', ', "acks": "all"', behind=True)
    assert _shown(text, edit).splitlines()[1] == '1 | + …, "acks": "all"})'


@pytest.mark.parametrize(
    ("text", "gone", "shown"),
    [
        ("a=1\nsasl.password=hunter2\n", "sasl.password=hunter2\n", "2 | - sasl.password…"),
        ('{\n  "password": "hunter2"\n}\n', '  "password": "hunter2"\n', '2 | -   "password"…'),
        ("password: |\n  hunter2\n", "  hunter2\n", "2 | - …"),
        ("- name: PASSWORD\n  value: hunter2\n", "  value: hunter2\n", "2 | - …"),
    ],
)
def test_a_secret_that_goes_is_not_shown(text: str, gone: str, shown: str) -> None:
    assert shown in _lines(text, (gone, ""))
    assert "hunter2" not in "".join(_lines(text, (gone, "")))


@pytest.mark.parametrize(
    "text",
    [
        "security.protocol=SASL_SSL\nacks=1\nsasl.mechanism=PLAIN\n",
        "# compression\nacks=1\nbootstrap.servers=a:9092,b:9092\n",
        "password=x\nclient.id=a\nretries=5\nacks=1\nlinger.ms=5\n",
        "call(\n    acks=1,\n    key=value,\n",
        "try:\n    pass\nfinally:\n    f()\n    acks=1\n    g()\n",
    ],
)
def test_lines_without_secrets_stay(text: str) -> None:
    number = text[: text.index("acks")].count("\n")
    lines = _lines(text, ("acks=1", "acks=all"))
    before, own, after = text.splitlines()[number - 1 : number + 2]
    changed = own.replace("=1", "=all")
    assert [line[4:] for line in lines] == [f"  {before}", f"- {own}", f"+ {changed}", f"  {after}"]


def test_a_fix_in_a_function_about_secrets_is_shown() -> None:
    text = "def token_producer():\n    return Producer(acks=1)\n"
    assert _lines(text, ("1)", '"all")')) == [
        "2 | -     …acks=1)",
        '2 | +     …acks="all")',
    ]
    text = "secret_producer = Producer(\n    acks=1,\n)\n"
    gone = _edit(text, "    acks=1,\n", "")
    assert _shown(text, gone).splitlines()[0] == "2 | -     acks=1,"
