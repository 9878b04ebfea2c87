"""Suppression comments, and what settings suppress."""

from __future__ import annotations

import pytest

from oncelint.formats.tree import Entry, Mapping, Scalar, Sequence
from oncelint.model.facts import SuppressionComment
from oncelint.model.finding import Finding, Suppressed
from oncelint.model.values import Position, Span
from oncelint.settings import IgnoredLocation, Settings
from oncelint.suppress import apply, locator, parse_comment, pointer_range
from oncelint.text import SourceText

GROUPS = {
    "acks-not-all": "idempotence",
    "producer-not-idempotent": "idempotence",
    "consumer-reads-uncommitted": "transactions",
}


def _span(line: int, column: int = 1, end_line: int | None = None, path: str = "a.py") -> Span:
    end = Position(end_line or line, column + 4 if end_line is None else column)
    return Span(path, Position(line, column), end)


def _parse(text: str, *, own_line: bool = False) -> SuppressionComment | None:
    return parse_comment(text, _span(7), own_line=own_line, line=7)


def _finding(rule: str, span: Span) -> Finding:
    return Finding(
        rule=rule,
        group=GROUPS[rule],
        severity="warning",
        confidence="high",
        audience="regular",
        message="m",
        span=span,
        related=(),
        setting=None,
        provenance=(),
        goal=None,
        fingerprint=f"{rule}{span}",
    )


@pytest.mark.parametrize(
    ("text", "rules", "reason"),
    [
        (
            "oncelint: ignore[acks-not-all] metrics may be lost",
            ("acks-not-all",),
            "metrics may be lost",
        ),
        (" oncelint:ignore[ a , b,a, ]  why ", ("a", "b"), "why"),
        ("oncelint: ignore[a]", ("a",), ""),
        ("# oncelint: ignore[a] why", ("a",), "why"),
        ("noqa: E501  # oncelint: ignore[a] why", ("a",), "why"),
        ("* oncelint: ignore[a] why */", ("a",), "why"),
    ],
)
def test_a_comment_names_rules_and_a_reason(text: str, rules: tuple[str, ...], reason: str) -> None:
    assert _parse(text) == SuppressionComment(rules, reason, _span(7), 7)
    assert _parse(text, own_line=True) == SuppressionComment(rules, reason, _span(7), 8)


def test_a_comment_for_the_whole_file() -> None:
    assert _parse("oncelint: ignore-file[a] why") == SuppressionComment(
        ("a",), "why", _span(7), None
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("oncelint: ignore", "it names no rule and suppresses nothing, write ignore[rule-id]"),
        ("oncelint: ignore all", "it names no rule and suppresses nothing, write ignore[rule-id]"),
        ("oncelint: ignore[]", "it names no rule and suppresses nothing, write ignore[rule-id]"),
        (
            "oncelint: ignore-file[ , ]",
            "it names no rule and suppresses nothing, write ignore-file[rule-id]",
        ),
        ("oncelint: ignore[a", "its bracket is not closed, so it suppresses nothing"),
        ("oncelint: ignroe[a]", "`ignroe` is no instruction, write ignore[rule-id]"),
        (
            "oncelint: ignore-files[a]",
            "`ignore-files` is no instruction, write ignore-file[rule-id]",
        ),
        ("oncelint: disable=a", "`disable` is no instruction, write ignore[rule-id]"),
    ],
)
def test_a_comment_that_cannot_be_obeyed_says_why(text: str, problem: str) -> None:
    assert _parse(text) == SuppressionComment((), "", _span(7), 7, problem)


@pytest.mark.parametrize(
    "text",
    [
        "an ordinary comment",
        "write oncelint: ignore[rule] to silence it",
        "see http://oncelint:8080/x",
        "myoncelint: ignore[a]",
        "",
    ],
)
def test_other_comments_are_none_of_ours(text: str) -> None:
    assert _parse(text) is None


def _comment(text: str, line: int, *, own_line: bool = False) -> SuppressionComment:
    comment = parse_comment(text, _span(line, 30), own_line=own_line, line=line)
    assert comment is not None
    return comment


def test_a_comment_suppresses_on_its_line_by_rule_or_group() -> None:
    here, elsewhere = _finding("acks-not-all", _span(3)), _finding("acks-not-all", _span(4))
    other_file = _finding("acks-not-all", _span(3, path="b.py"))
    other_rule = _finding("consumer-reads-uncommitted", _span(3))
    findings = [here, elsewhere, other_file, other_rule]
    for name in ("acks-not-all", "idempotence"):
        comment = _comment(f"oncelint: ignore[{name}] why", 3)
        shown, suppressed, uses = apply(findings, [comment], Settings(), groups=GROUPS)
        assert shown == [elsewhere, other_file, other_rule]
        assert [item.fingerprint for item in suppressed] == [here.fingerprint]
        assert suppressed[0].suppressed == Suppressed("comment", "why")
        assert [(use.comment, use.used, use.unknown) for use in uses] == [(comment, (name,), ())]


@pytest.mark.parametrize(
    ("line", "silenced"), [(2, False), (3, True), (4, False), (5, True), (6, False)]
)
def test_a_finding_of_several_lines_is_met_at_its_first_and_last(line: int, silenced: bool) -> None:
    finding = _finding("acks-not-all", _span(3, 9, end_line=5))
    comment = _comment("oncelint: ignore[acks-not-all] why", line)
    shown, suppressed, _ = apply([finding], [comment], Settings(), groups=GROUPS)
    assert (len(shown), len(suppressed)) == ((0, 1) if silenced else (1, 0))


def test_an_end_before_a_lines_first_character_is_the_line_above() -> None:
    finding = _finding("acks-not-all", _span(3, 1, end_line=6))
    for line, silenced in ((5, 1), (6, 0)):
        comment = _comment("oncelint: ignore[acks-not-all] why", line)
        assert len(apply([finding], [comment], Settings(), groups=GROUPS)[1]) == silenced


def test_comments_above_one_another_speak_for_the_same_line() -> None:
    findings = [
        _finding("acks-not-all", _span(3)),
        _finding("consumer-reads-uncommitted", _span(3)),
    ]
    comments = [
        _comment("oncelint: ignore[acks-not-all] one", 1, own_line=True),
        _comment("oncelint: ignore[transactions] two", 2, own_line=True),
    ]
    shown, suppressed, uses = apply(findings, comments, Settings(), groups=GROUPS)
    assert shown == []
    assert [item.suppressed for item in suppressed] == [
        Suppressed("comment", "one"),
        Suppressed("comment", "two"),
    ]
    assert [use.used for use in uses] == [("acks-not-all",), ("transactions",)]


def test_a_comment_for_the_file_meets_every_line_of_it() -> None:
    comment = _comment("oncelint: ignore-file[acks-not-all] why", 1, own_line=True)
    findings = [
        _finding("acks-not-all", _span(90)),
        _finding("acks-not-all", _span(2, path="b.py")),
    ]
    shown, suppressed, _ = apply(findings, [comment], Settings(), groups=GROUPS)
    assert (len(suppressed), shown) == (1, [findings[1]])


def test_a_broken_comment_suppresses_nothing() -> None:
    comment = _comment("oncelint: ignore", 3)
    finding = _finding("acks-not-all", _span(3))
    shown, suppressed, uses = apply([finding], [comment], Settings(), groups=GROUPS)
    assert (shown, suppressed) == ([finding], [])
    assert uses[0].comment.problem is not None


def test_unknown_rules_come_with_the_nearest_real_one() -> None:
    comment = _comment("oncelint: ignore[ack-not-all, zzzzz, acks-not-all] why", 3)
    _, _, uses = apply([], [comment], Settings(), groups=GROUPS)
    assert uses[0].unknown == (("ack-not-all", "acks-not-all"), ("zzzzz", None))
    assert uses[0].used == ()


@pytest.mark.parametrize(
    ("ran", "judged"),
    [
        (None, True),
        ({"acks-not-all", "producer-not-idempotent"}, True),
        ({"producer-not-idempotent"}, False),
        (set(), False),
    ],
)
def test_a_comment_for_a_rule_that_did_not_run_is_not_judged(
    ran: set[str] | None, judged: bool
) -> None:
    for name in ("acks-not-all", "idempotence"):
        comment = _comment(f"oncelint: ignore[{name}] why", 3)
        _, _, uses = apply([], [comment], Settings(), groups=GROUPS, ran=ran)
        assert uses[0].judged is judged


@pytest.mark.parametrize(
    ("pattern", "path", "silenced"),
    [
        ("tests/**", "tests/a/b.py", True),
        ("tests/**", "src/tests.py", False),
        ("*.gen.py", "src/deep/x.gen.py", True),
        ("/conf", "conf/a.properties", True),
        ("/conf", "src/conf/a.properties", False),
    ],
)
def test_per_file_ignores(pattern: str, path: str, silenced: bool) -> None:
    settings = Settings(per_file_ignores=((pattern, ("idempotence",)),))
    findings = [
        _finding("acks-not-all", _span(1, path=path)),
        _finding("consumer-reads-uncommitted", _span(1, path=path)),
    ]
    shown, suppressed, uses = apply(findings, [], settings, groups=GROUPS)
    assert (len(shown), len(suppressed), uses) == (2 - silenced, int(silenced), [])
    if silenced:
        assert suppressed[0].suppressed == Suppressed("settings", f"per-file-ignores: {pattern}")


def test_a_place_in_a_file_without_comments() -> None:
    location = IgnoredLocation("sink.json", "/config/acks", ("acks-not-all",), "a mirror")
    settings = Settings(ignore_locations=(location,))
    place = Span("sink.json", Position(4, 5), Position(4, 20))
    inside = _finding("acks-not-all", Span("sink.json", Position(4, 5), Position(4, 11)))
    outside = _finding("acks-not-all", Span("sink.json", Position(5, 5), Position(5, 11)))
    other_rule = _finding("producer-not-idempotent", inside.span)

    def locate(path: str, pointer: str) -> Span | None:
        return place if (path, pointer) == ("sink.json", "/config/acks") else None

    findings = [inside, outside, other_rule]
    shown, suppressed, _ = apply(findings, [], settings, groups=GROUPS, locate=locate)
    assert shown == [outside, other_rule]
    assert [item.suppressed for item in suppressed] == [Suppressed("settings", "a mirror")]
    nowhere = apply(findings, [], settings, groups=GROUPS, locate=lambda path, pointer: None)
    assert nowhere[0] == findings


def _key(start: int, text: str) -> Scalar:
    return Scalar(start, start + len(text) + 2, text, text, "double")


def test_a_json_pointer_in_a_tree() -> None:
    item = Scalar(40, 43, "x", "x", "double")
    tree = Mapping(
        0,
        60,
        (
            Entry(_key(1, "a/b~"), Scalar(10, 12, 1, "1")),
            Entry(_key(20, "list"), Sequence(30, 50, (Scalar(31, 32, 1, "1"), item))),
        ),
    )
    assert pointer_range(tree, "") == (0, 60)
    assert pointer_range(tree, "/a~1b~0") == (1, 12)
    assert pointer_range(tree, "/list") == (20, 50)
    assert pointer_range(tree, "/list/1") == (40, 43)
    for nowhere in ("/list/2", "/list/x", "/no", "/a~1b~0/x"):
        assert pointer_range(tree, nowhere) is None


def test_places_in_json_files() -> None:
    texts = {"sink.json": '{\n  "config": {"acks": "1"}\n}\n', "broken.json": "{"}

    def source(path: str) -> tuple[str, SourceText] | None:
        return ("json", SourceText(path, texts[path])) if path in texts else None

    locate = locator(source)
    assert locate("sink.json", "/config/acks") == Span(
        "sink.json", Position(2, 14), Position(2, 25)
    )
    assert locate("sink.json", "/config/linger.ms") is None
    assert locate("broken.json", "/config") is None
    assert locate("gone.json", "/config") is None
