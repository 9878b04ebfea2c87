"""Which fixes are applied, what each has to prove, and what becomes of those that cannot.

The planner is given here, so that it can be wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncelint import api, check
from oncelint.fix.apply import ROUNDS, Fixed, keeps_other_lines
from oncelint.fix.candidates import Placed, spliced
from oncelint.model.facts import ErrorRecord
from oncelint.model.finding import Finding, Hit, Safety
from oncelint.model.fixes import Edit, Fix
from oncelint.model.project import Client, Project
from oncelint.model.values import Position, Span
from oncelint.settings import Settings
from oncelint.text import SourceText

Source: TypeAlias = Callable[[str], "SourceText | None"]
Maker: TypeAlias = Callable[[Finding, Source], "Fix | None"]

CLIENT = """\
from confluent_kafka import Producer

producer = Producer({"bootstrap.servers": "k:9092"})
"""
GOOD = CLIENT.replace("{", '{"enable.idempotence": True, ')
RULE = "producer-not-idempotent"


def fix_of(
    source: Source, path: str, *pairs: tuple[str, str], safety: Safety = "safe", line: int = 1
) -> Fix | None:
    """A fix that replaces texts of a file, each the first one from a line on; None when one of them
    is not there."""
    text = source(path)
    assert text is not None
    edits = []
    for old, new in pairs:
        start = text.text.find(old, text.starts[line - 1])
        if start < 0:
            return None
        edits.append(Edit(text.span(start, start + len(old)), new))
    return Fix(title="mend it", safety=safety, edits=tuple(edits))


def insert(source: Source, path: str, before: str, new: str, line: int = 1) -> Fix | None:
    """A fix that inserts in front of a text."""
    text = source(path)
    assert text is not None
    start = text.text.find(before, text.starts[line - 1])
    return Fix(title="mend it", safety="safe", edits=(Edit(text.span(start, start), new),))


def idempotent(finding: Finding, source: Source) -> Fix | None:
    """The right fix for CLIENT."""
    if finding.rule != RULE:
        return None
    line = finding.span.start.line
    return insert(source, finding.span.path, '"bootstrap', '"enable.idempotence": True, ', line)


class Bench:
    """A project whose planner is the test's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.runs = 0
        self.fixer: Maker = idempotent
        module = types.SimpleNamespace(plan=self._plan)
        monkeypatch.setitem(sys.modules, "oncelint.fix.plan", module)
        outcome = api._Project.outcome

        def counted(project: Any, *arguments: Any) -> Any:
            self.runs += 1
            return outcome(project, *arguments)

        monkeypatch.setattr(api._Project, "outcome", counted)

    def _plan(
        self, findings: Sequence[Finding], project: Project, source: Source, *more: object
    ) -> list[Finding]:
        return [
            replace(one, fixes=(fix,)) if (fix := self.fixer(one, source)) else one
            for one in findings
        ]

    def write(self, **files: str | bytes) -> None:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            (self.folder / name.replace("__", ".")).write_bytes(data)

    def fix(self, *names: str, unsafe: bool = False, settings: Settings | None = None) -> Fixed:
        self.runs = 0
        paths = [str(self.folder / name) for name in names] or [str(self.folder)]
        before = self._bytes()
        fixed = api.fix(
            paths, settings=settings or Settings(), root=self.folder, unsafe=unsafe, jobs=1
        )
        assert self._bytes() == before, "working fixes out writes nothing"
        return fixed

    def _bytes(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def texts(fixed: Fixed) -> dict[str, str]:
    return {path: change.after.decode() for path, change in fixed.changes.items()}


def rules(findings: Iterable[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


def dropped(fixed: Fixed) -> list[str]:
    told = (
        f"a fix of oncelint's own was dropped ({one.fix.title}): {one.reason}"
        for one in fixed.dropped
        if one.defect
    )
    assert [error.message for error in fixed.report.errors] == list(dict.fromkeys(told))
    return [one.reason for one in fixed.dropped]


# What is applied ---------------------------------------------------------------------------------


def test_all_fixes_of_a_round_are_proved_by_one_run(bench: Bench) -> None:
    bench.write(a__py=CLIENT, b__py=CLIENT, c__py=CLIENT)
    fixed = bench.fix()
    assert texts(fixed) == {"a.py": GOOD, "b.py": GOOD, "c.py": GOOD}
    assert fixed.changes["a.py"].before == CLIENT.encode()
    assert rules(fixed.before.findings) == [RULE] * 3
    assert (fixed.report.findings, fixed.report.errors, fixed.dropped) == ((), (), ())
    assert [one.finding.span.path for one in fixed.applied] == ["a.py", "b.py", "c.py"]
    assert bench.runs == 2


def test_like_findings_of_one_file_are_told_apart_by_their_number(bench: Bench) -> None:
    second = 'other = Producer({"bootstrap.servers": "k:9092"})\n'
    bench.write(a__py=CLIENT + second)
    fixed = bench.fix()
    assert texts(fixed) == {"a.py": GOOD + second.replace("{", '{"enable.idempotence": True, ')}
    assert len(fixed.applied) == 2


def test_check_plans_for_what_it_shows_and_only_when_asked(bench: Bench) -> None:
    comment = f"  # oncelint: ignore[{RULE}] may repeat\n"
    bench.write(a__py=CLIENT.rstrip("\n") + comment, b__py=CLIENT)
    folder = str(bench.folder)
    for asked in (True, False):
        report = api.check([folder], settings=Settings(), root=bench.folder, plan_fixes=asked)
        assert [bool(one.fixes) for one in report.findings] == [asked]
        assert [bool(one.fixes) for one in report.suppressed] == [False]


def test_nothing_to_fix_is_one_run_and_no_change(bench: Bench) -> None:
    bench.write(a__py=GOOD)
    fixed = bench.fix()
    assert (dict(fixed.changes), fixed.applied, bench.runs) == ({}, (), 1)


@pytest.mark.parametrize(
    ("safety", "unsafe", "applied"),
    [("safe", False, 1), ("unsafe", False, 0), ("unsafe", True, 1), ("display", True, 0)],
)
def test_safety(bench: Bench, safety: Safety, unsafe: bool, applied: int) -> None:
    bench.write(a__py=CLIENT)

    def fixer(finding: Finding, source: Source) -> Fix | None:
        fix = idempotent(finding, source)
        return replace(fix, safety=safety) if fix else None

    bench.fixer = fixer
    fixed = bench.fix(unsafe=unsafe)
    assert (len(fixed.applied), len(fixed.changes)) == (applied, applied)
    assert len(fixed.report.findings) == 1 - applied
    # what is left keeps its fix, for the report
    assert [one.fixes[0].safety for one in fixed.report.findings] == [safety] * (1 - applied)


def test_only_named_files_are_changed(bench: Bench) -> None:
    bench.write(a__py=CLIENT, b__py=CLIENT)
    assert list(bench.fix("b.py").changes) == ["b.py"]


def test_a_fix_that_reaches_into_a_file_not_named_is_left(bench: Bench) -> None:
    bench.write(
        a__py="from confluent_kafka import Producer\nfrom b import IDEMPOTENT\n\n"
        'producer = Producer({"bootstrap.servers": "k:9092", "enable.idempotence": IDEMPOTENT})\n',
        b__py="IDEMPOTENT = False\n",
    )
    bench.fixer = lambda finding, source: fix_of(source, "b.py", ("False", "True"))
    assert rules(bench.fix().before.findings) == [RULE]
    fixed = bench.fix("a.py")
    assert (dict(fixed.changes), rules(fixed.report.findings)) == ({}, [RULE])
    assert fixed.elsewhere == fixed.report.findings
    assert texts(bench.fix("a.py", "b.py")) == {"b.py": "IDEMPOTENT = True\n"}


def test_a_suppressed_finding_is_not_fixed(bench: Bench) -> None:
    comment = f"  # oncelint: ignore[{RULE}] may repeat\n"
    bench.write(a__py=CLIENT.rstrip("\n") + comment, b__py=CLIENT)
    fixed = bench.fix()
    assert list(fixed.changes) == ["b.py"]
    assert rules(fixed.report.suppressed) == [RULE]


def test_a_comment_that_is_idle_after_a_fix_is_no_objection(bench: Bench) -> None:
    """It is a finding of its own, which the next round may fix."""
    bench.write(
        a__py='from confluent_kafka import Producer\n\nSETTINGS = {"bootstrap.servers": "k:9092"}\n'
        "one = Producer(SETTINGS)\n"
        f"two = Producer(SETTINGS)  # oncelint: ignore[{RULE}] may repeat\n"
    )
    bench.fixer = lambda finding, source: (
        insert(source, "a.py", '"bootstrap', '"enable.idempotence": True, ')
        if finding.rule == RULE
        else None
    )
    fixed = bench.fix()
    assert (len(fixed.applied), fixed.dropped) == (1, ())
    assert rules(fixed.report.findings) == ["unused-suppression"]


def test_one_edit_for_two_findings_belongs_to_both(bench: Bench) -> None:
    bench.write(
        a__py='from confluent_kafka import Producer\n\nSETTINGS = {"bootstrap.servers": "k:9092"}\n'
        "one = Producer(SETTINGS)\ntwo = Producer(SETTINGS)\n"
    )
    bench.fixer = lambda finding, source: insert(
        source, "a.py", '"bootstrap', '"enable.idempotence": True, '
    )
    fixed = bench.fix()
    assert [one.finding.span.start.line for one in fixed.applied] == [4, 5]
    assert texts(fixed)["a.py"].count("enable.idempotence") == 1
    assert (fixed.report.findings, bench.runs) == ((), 2)


def test_fixes_that_overlap_wait_for_the_next_round(bench: Bench) -> None:
    bench.write(a__py=GOOD.replace("}", ', "lingre.ms": 5, "bach.size": 9}'))

    def fixer(finding: Finding, source: Source) -> Fix | None:
        if finding.setting == "lingre.ms":
            return fix_of(source, "a.py", ('"lingre.ms": 5, "b', '"linger.ms": 5, "b'))
        return fix_of(source, "a.py", ('"bach.size"', '"batch.size"'))

    bench.fixer = fixer
    fixed = bench.fix()
    assert rules(fixed.before.findings) == ["unknown-key"] * 2
    assert texts(fixed) == {"a.py": GOOD.replace("}", ', "linger.ms": 5, "batch.size": 9}')}
    assert (len(fixed.applied), bench.runs) == (2, 3)


def test_a_finding_that_another_one_hid_is_no_objection(bench: Bench) -> None:
    """It was there before; when the louder one is gone it is reported, and fixed in its turn."""
    bench.write(a__py=CLIENT.replace("}", ', "lingre.ms": 5}'))

    def fixer(finding: Finding, source: Source) -> Fix | None:
        if finding.rule == RULE:
            return idempotent(finding, source)
        return fix_of(source, "a.py", ("lingre", "linger"))

    bench.fixer = fixer
    fixed = bench.fix()
    assert rules(fixed.before.findings) == ["unknown-key"]
    assert [one.finding.rule for one in fixed.applied] == ["unknown-key", RULE]
    assert texts(fixed) == {"a.py": GOOD.replace("}", ', "linger.ms": 5}')}
    assert (fixed.report.findings, fixed.dropped, bench.runs) == ((), (), 3)


def test_an_insertion_that_touches_an_edit_waits_too(bench: Bench) -> None:
    bench.write(a__py=GOOD.replace("}", ', "lingre.ms": 5, "bach.size": 9}'))

    def fixer(finding: Finding, source: Source) -> Fix | None:
        if finding.setting == "lingre.ms":
            return fix_of(source, "a.py", ('"lingre.ms": 5, ', '"linger.ms": 5, '))
        first = insert(source, "a.py", '"bach', '"acks": "all", ')
        second = fix_of(source, "a.py", ("bach", "batch"))
        return replace(first, edits=(*first.edits, *second.edits)) if first and second else None

    bench.fixer = fixer
    fixed = bench.fix()
    assert texts(fixed) == {
        "a.py": GOOD.replace("}", ', "linger.ms": 5, "acks": "all", "batch.size": 9}')
    }
    assert (len(fixed.applied), bench.runs) == (2, 3)


def test_encoding_line_ends_and_byte_order_mark_stay(bench: Bench) -> None:
    head = b"bootstrap.servers=k:9092\r\nkey.serializer=x\r\n# caf\xe9\r\n"
    bench.write(producer__properties=head + b"acks=1\r\nenable.idempotence=true")
    bench.write(b__py="\ufeff" + CLIENT.replace("\n", "\r\n"))

    def fixer(finding: Finding, source: Source) -> Fix | None:
        if finding.span.path == "b.py":
            return idempotent(finding, source)
        return fix_of(source, "producer.properties", ("acks=1", "acks=all"))

    bench.fixer = fixer
    fixed = bench.fix()
    assert {path: change.after for path, change in fixed.changes.items()} == {
        "b.py": ("\ufeff" + GOOD.replace("\n", "\r\n")).encode(),
        "producer.properties": head + b"acks=all\r\nenable.idempotence=true",
    }


# What is dropped ---------------------------------------------------------------------------------


def wrong(*pairs: tuple[str, str]) -> Maker:
    return lambda finding, source: fix_of(source, "a.py", *pairs)


def overlapping(finding: Finding, source: Source) -> Fix | None:
    return fix_of(source, "a.py", ("bootstrap", "x"), ("strap", "y"))


def misplaced(finding: Finding, source: Source) -> Fix | None:
    span = Span("a.py", Position(1, 900), Position(1, 901))
    return Fix(title="mend it", safety="safe", edits=(Edit(span, "x"),))


def elsewhere(finding: Finding, source: Source) -> Fix | None:
    span = Span("nowhere.py", Position(1, 1), Position(1, 1))
    return Fix(title="mend it", safety="safe", edits=(Edit(span, "x"),))


@pytest.mark.parametrize(
    ("fixer", "reason"),
    [
        (wrong(("{", "{{")), "a.py could not be read any more: not valid Python"),
        (wrong(("k:9092", "k:9093")), "it does not remove its finding"),
        (wrong(("{", "{")), "it does not remove its finding"),
        (
            wrong(("{", '{"enable.idempotence": True, "lingre.ms": 5, ')),
            "it leads to unknown-key in a.py",
        ),
        (
            wrong(("producer = Producer", "producer = print")),
            "the producer in a.py is not recognised any more",
        ),
        (overlapping, "its own edits overlap"),
        (misplaced, "line 1 of a.py has no column 900"),
        (wrong(("k:9092", "\ud800")), "a.py is in utf-8, which has not all of its characters"),
        (elsewhere, "nowhere.py, which it edits, cannot be read"),
    ],
)
def test_a_wrong_fix_is_dropped_and_told(bench: Bench, fixer: Maker, reason: str) -> None:
    bench.write(a__py=CLIENT)
    bench.fixer = fixer
    fixed = bench.fix()
    assert (dict(fixed.changes), fixed.applied) == ({}, ())
    (told,) = dropped(fixed)
    # Python says the rest of why it does not parse
    assert told == reason if "not valid" not in reason else told.startswith(reason)
    told_as_error = [(one.rule, one.path) for one in fixed.report.errors]
    assert told_as_error == ([] if reason.startswith("it leads to") else [(RULE, "a.py")])
    assert rules(fixed.report.findings) == [RULE]


def test_a_fix_that_makes_a_rule_crash_is_dropped(bench: Bench) -> None:
    bench.write(a__py=CLIENT)
    rule = check.catalogue()["unknown-key"]
    judge = rule.check

    def crash(client: Client, project: Project) -> Iterator[Hit]:
        if any(setting.key == "linger.ms" for setting in client.block.settings):
            raise ZeroDivisionError("by zero")
        return judge(client, project)

    object.__setattr__(rule, "check", crash)
    try:
        bench.fixer = wrong(("{", '{"enable.idempotence": True, "linger.ms": 5, '))
        fixed = bench.fix()
    finally:
        object.__setattr__(rule, "check", judge)
    (reason,) = dropped(fixed)
    assert reason.startswith("with it oncelint fails: ZeroDivisionError: by zero")
    assert dict(fixed.changes) == {}


def test_the_one_to_blame_is_found_and_the_others_are_applied(bench: Bench) -> None:
    names = [f"{letter}.py" for letter in "abcdefgh"]
    bench.write(**{name.replace(".", "__"): CLIENT for name in names})

    def fixer(finding: Finding, source: Source) -> Fix | None:
        if finding.span.path == "f.py":
            return fix_of(source, "f.py", ("{", "{{"))
        return idempotent(finding, source)

    bench.fixer = fixer
    fixed = bench.fix()
    assert list(fixed.changes) == [name for name in names if name != "f.py"]
    (reason,) = dropped(fixed)
    assert reason.startswith("f.py could not be read any more: not valid Python 3.")
    assert bench.runs <= 10  # trying all eight in turn after the sum would be 11


def test_fixes_that_do_not_go_together_are_planned_anew(bench: Bench) -> None:
    """Each would do; the second is not needed once the first has been applied."""
    name = "SETTINGS"
    bench.write(
        a__py='from confluent_kafka import Producer\n\nSETTINGS = {"bootstrap.servers": "k:9092"}\n'
        "one = Producer(SETTINGS)\ntwo = Producer(dict(SETTINGS))\n"
    )

    def fixer(finding: Finding, source: Source) -> Fix | None:
        # the first one wins over the second, and gives it a finding back
        if finding.span.start.line == 4:
            return insert(source, "a.py", '"bootstrap', '"enable.idempotence": True, ')
        text = source("a.py")
        assert text is not None
        if "True" in text.text:
            return None
        return fix_of(source, "a.py", (f"dict({name})", f"{{**{name}, 'acks': 'al'}}"))

    bench.fixer = fixer
    fixed = bench.fix()
    assert (fixed.report.findings, fixed.dropped) == ((), ())
    assert texts(fixed)["a.py"].endswith("two = Producer(dict(SETTINGS))\n")


def test_what_is_wrong_alike_is_told_once(bench: Bench) -> None:
    second = CLIENT.splitlines()[2].replace("producer", "other")
    bench.write(a__py=f"{CLIENT}{second}\n")

    def fixer(finding: Finding, source: Source) -> Fix | None:
        return fix_of(source, "a.py", ("k:9092", "k:1"), line=finding.span.start.line)

    bench.fixer = fixer
    fixed = bench.fix()
    assert len(dropped(fixed)) == 2
    assert len(fixed.report.errors) == 1


def test_a_fix_must_not_part_a_comment_from_what_it_suppresses(bench: Bench) -> None:
    bench.write(
        a__py="from confluent_kafka import Producer\n\n"
        'one = Producer({"bootstrap.servers": "k:9092"})\n'
        f"# oncelint: ignore[{RULE}] may repeat\n"
        'two = Producer({"bootstrap.servers": "k:9092"})\n'
    )
    bench.fixer = lambda finding, source: fix_of(
        source, "a.py", ("{", '{"enable.idempotence": True, '), ("two", "\ntwo")
    )
    fixed = bench.fix()
    assert (dict(fixed.changes), dropped(fixed)) == ({}, [f"it leads to {RULE} in a.py"])


def test_a_finding_that_a_setting_hides_counts_as_well(bench: Bench) -> None:
    """Whatever is shown, the project must not be worse than before."""
    bench.write(a__py=CLIENT)
    bench.fixer = wrong(("{", '{"enable.idempotence": True, "lingre.ms": 5, '))
    hidden = Settings(per_file_ignores=(("a.py", ("unknown-key",)),))
    assert dropped(bench.fix(settings=hidden)) == ["it leads to unknown-key in a.py"]


# Ends --------------------------------------------------------------------------------------------


def renamer(names: Sequence[str]) -> Maker:
    """A fix for an idle comment that makes it another idle comment."""

    def fixer(finding: Finding, source: Source) -> Fix | None:
        text = source("a.py")
        assert text is not None
        now = next(name for name in names if f"[{name}]" in text.text)
        after = names[(names.index(now) + 1) % len(names)]
        return fix_of(source, "a.py", (f"[{now}]", f"[{after}]"))

    return fixer


def test_fixes_that_undo_one_another_are_dropped(bench: Bench) -> None:
    bench.write(a__py="import kafka\n# oncelint: ignore[acks-not-all] x\n", b__py=CLIENT)
    toggle = renamer(["acks-not-all", "unknown-key"])
    bench.fixer = lambda finding, source: (
        toggle(finding, source) if finding.span.path == "a.py" else idempotent(finding, source)
    )
    fixed = bench.fix()
    assert texts(fixed) == {"b.py": GOOD}
    assert set(dropped(fixed)) == {"it and the fixes that follow it undo one another"}
    assert rules(fixed.report.findings) == ["unused-suppression"]
    assert bench.runs < ROUNDS


def test_fixing_is_bounded(bench: Bench) -> None:
    bench.write(a__py="import kafka\n# oncelint: ignore[no-0] x\n")
    bench.fixer = renamer([f"no-{number}" for number in range(50)])
    fixed = bench.fix()
    assert texts(fixed) == {"a.py": f"import kafka\n# oncelint: ignore[no-{ROUNDS}] x\n"}
    assert fixed.report.errors == (
        ErrorRecord(f"fixing did not come to an end in {ROUNDS} rounds"),
    )
    assert bench.runs == ROUNDS + 1


def test_a_planner_that_fails_leaves_the_findings(bench: Bench) -> None:
    bench.write(a__py=CLIENT)

    def boom(finding: Finding, source: Source) -> Fix | None:
        raise ZeroDivisionError("by zero")

    bench.fixer = boom
    fixed = bench.fix()
    assert (rules(fixed.report.findings), dict(fixed.changes)) == ([RULE], {})
    assert fixed.report.errors == (ErrorRecord("planning fixes: ZeroDivisionError: by zero"),)


# Links -------------------------------------------------------------------------------------------


def test_a_link_stands_for_its_file(bench: Bench) -> None:
    bench.write(real__py=CLIENT)
    os.symlink("real.py", bench.folder / "link.py")
    for names in ((), ("link.py",), ("real.py",)):
        fixed = bench.fix(*names)
        assert texts(fixed) == {"real.py": GOOD}
        assert (fixed.report.findings, fixed.report.errors) == ((), ())


def test_a_link_to_a_file_git_ignores(bench: Bench) -> None:
    bench.write(real__py=CLIENT)
    subprocess.run(["git", "init", "-q", str(bench.folder)], check=True)
    (bench.folder / ".gitignore").write_text("/real.py\n")
    os.symlink("real.py", bench.folder / "link.py")
    fixed = bench.fix()
    assert (texts(fixed), fixed.report.findings) == ({"real.py": GOOD}, ())


def test_a_link_that_leads_out_is_left_with_a_word(bench: Bench, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.py"
    outside.write_text(CLIENT)
    os.symlink(outside, bench.folder / "link.py")
    fixed = bench.fix()
    assert dict(fixed.changes) == {}
    message = "not written: it is a link that leads out of the project"
    assert fixed.report.errors == (ErrorRecord(message, None, "link.py"),)


def test_half_a_fix_is_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fix of two files, one of them read-only."""
    bench.write(a__py=CLIENT, b__py=CLIENT)
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).endswith("b.py") and real(path, mode)
    )

    def both(finding: Finding, source: Source) -> Fix | None:
        first, second = (
            insert(source, path, '"bootstrap', '"enable.idempotence": True, ')
            for path in ("a.py", "b.py")
        )
        assert first is not None
        assert second is not None
        return replace(first, edits=(*first.edits, *second.edits))

    bench.fixer = both
    fixed = bench.fix()
    assert dict(fixed.changes) == {}
    assert fixed.report.errors == (ErrorRecord("not written: it is read-only", None, "b.py"),)


# Edits -------------------------------------------------------------------------------------------


def placed(*edits: tuple[int, int, str]) -> list[Placed]:
    return [Placed("a", *edit) for edit in edits]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (placed((1, 2, "X")), "aXcdef"),
        (placed((3, 3, "X"), (0, 1, "")), "bcXdef"),
        (placed((2, 4, "Y"), (2, 2, "X")), "abXYef"),
        (placed((2, 2, "X"), (0, 2, "Y")), "YXcdef"),
        (placed((6, 6, "X"), (6, 6, "Y")), "abcdefXY"),
    ],
)
def test_edits_in_a_text(edits: list[Placed], expected: str) -> None:
    assert spliced("abcdef", edits) == expected


LINES = st.lists(st.sampled_from(["a", "b", "", "ü", "a\r", "=\t"]), max_size=8)


@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", ""]), bom=st.booleans(), data=st.data())
def test_a_line_that_is_not_edited_is_seen_to_change(
    lines: list[str], end: str, bom: bool, data: st.DataObject
) -> None:
    whole = "\n".join(lines) + end
    text = SourceText("a", whole, "utf-8", b"\xef\xbb\xbf" if bom else b"")
    place = data.draw(st.integers(0, len(whole)))
    edit = Placed("a", place, min(len(whole), place + data.draw(st.integers(0, 3))), "new")
    new = spliced(whole, [edit])
    assert keeps_other_lines(text, text.encode(new), [edit])
    touched = (text.position(edit.start).line, text.position(edit.end).line)
    if touched[0] > 1:
        assert not keeps_other_lines(text, text.encode("~" + new), [edit])
        assert not keeps_other_lines(text, new.encode("utf-16"), [edit])
    if touched[1] < len(text.starts) and text.starts[-1] < len(whole):
        assert not keeps_other_lines(text, text.encode(new + "~"), [edit])
