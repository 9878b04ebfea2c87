"""The reader of Dockerfiles, and the writer of their `ENV` instructions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.hosts import embedded
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.tree import FormatError, Mapping, Scalar
from oncelint.model.values import Scalar as Value
from oncelint.patches import CannotWrite, apply
from oncelint.text import SourceText


def _stages(source: str) -> list[Mapping]:
    document = read("dockerfile", SourceText("Dockerfile", source))
    return [root for root in document.roots if isinstance(root, Mapping)]


def _environments(source: str) -> list[Mapping]:
    return [
        entry.value
        for stage in _stages(source)
        for entry in stage.entries
        if entry.key.text == "ENV" and isinstance(entry.value, Mapping)
    ]


def _variables(source: str) -> list[tuple[str, str]]:
    return [
        (entry.key.text, entry.value.text)
        for mapping in _environments(source)
        for entry in mapping.entries
        if isinstance(entry.value, Scalar)
    ]


@pytest.mark.parametrize(
    ("source", "variables"),
    [
        ("FROM a\nENV A=1 B=2\n", [("A", "1"), ("B", "2")]),
        ("FROM a\nENV A=\"x y\" B='z w' C=p\\ q\n", [("A", "x y"), ("B", "z w"), ("C", "p q")]),
        ("FROM a\nENV A=1 \\\n    # why\n\n    B=2\n", [("A", "1"), ("B", "2")]),
        ("FROM a\nENV OLD some value here\n", [("OLD", "some value here")]),
        ('FROM a\nENV OLD "quoted"\n', [("OLD", "quoted")]),
        ("FROM a\r\nenv A=1\r\nENV B=2", [("A", "1"), ("B", "2")]),
        ("# escape=`\nFROM a\nENV A=1 `\n  B=c:\\x\n", [("A", "1"), ("B", "c:\\x")]),
        ("FROM a\nRUN export X=1 \\\n && echo ENV Y=2\nENV A=b=c\n", [("A", "b=c")]),
        ("FROM a\nRUN <<EOF\nENV NOT=1\nEOF\nENV A=1\n", [("A", "1")]),
        ('FROM a\nENV A="say \\"hi\\" $X" B=\n', [("A", 'say "hi" $X'), ("B", "")]),
    ],
)
def test_variables(source: str, variables: list[tuple[str, str]]) -> None:
    assert _variables(source) == variables


def test_stages_and_arguments() -> None:
    source = "ARG V=7.4.0\nFROM --platform=linux/amd64 cp:${V} AS base\nFROM base\nUSER app\n"
    first, second, third = _stages(source)
    argument = first.get("ARG")
    assert isinstance(argument, Mapping)
    assert argument.entries[0].key.text == "V"
    images = [stage.get("FROM") for stage in (second, third)]
    assert [image.text for image in images if isinstance(image, Scalar)] == ["cp:${V}", "base"]
    user = third.get("USER")
    assert isinstance(user, Scalar)
    assert user.text == "app"


def test_places_enclose_what_is_written() -> None:
    source = "FROM a\nENV A=\"x\" \\\n    B='y z'\n"
    for entry in _environments(source)[0].entries:
        assert source[entry.key.start : entry.key.end] == entry.key.text
        assert source[entry.value.start : entry.value.end] in ('"x"', "'y z'")


def test_comments_are_kept() -> None:
    document = read("dockerfile", SourceText("", "# one\nFROM a\nENV A=1 \\\n # two\n B=2\n"))
    assert [comment.text for comment in document.comments] == ["one", "two"]


def test_a_heredoc_that_does_not_end_is_refused() -> None:
    with pytest.raises(FormatError, match="does not end"):
        _stages("FROM a\nCOPY <<EOF /x\nbody\n")


def test_files_of_here_documents_are_embedded() -> None:
    source = (
        "FROM a\nCOPY <<EOF /etc/kafka/producer.properties\nacks=1\nEOF\n"
        "COPY <<one.json <<notes.txt /srv/\n{}\none.json\nx\nnotes.txt\n"
    )
    text = SourceText("Dockerfile", source)
    found = list(embedded("dockerfile", read("dockerfile", text), text))
    assert [(one.kind, one.name, one.region.text) for one in found] == [
        ("properties", "producer.properties", "acks=1\n"),
        ("json", "one.json", "{}\n"),
    ]
    assert found[0].region.span(5, 6).start.line == 3


def _edited(source: str, index: int, *edits: tuple[Value, ...]) -> str:
    mapping = _environments(source)[index]
    operations: list[Operation] = []
    for name, key, *rest in edits:
        if name == "add":
            operations.append(Add(str(key), rest[0]))
            continue
        entry = next(one for one in mapping.entries if one.key.text == key)
        if name == "change":
            operations.append(Change(entry, rest[0]))
        else:
            operations.append(Remove(entry) if name == "remove" else Rename(entry, str(rest[0])))
    return apply(source, render("dockerfile", source, mapping, operations))


@pytest.mark.parametrize(
    ("source", "index", "edits", "expected"),
    [
        (
            "FROM a\nENV A=1 \\\n    B=2\n",
            0,
            [("add", "C", True)],
            "FROM a\nENV A=1 \\\n    B=2 \\\n    C=true\n",
        ),
        ("FROM a\nENV A=1 B=2\n", 0, [("remove", "A")], "FROM a\nENV B=2\n"),
        ("FROM a\nENV A=1 B=2\n", 0, [("remove", "B")], "FROM a\nENV A=1\n"),
        ("FROM a\n  ENV A=1\nUSER x\n", 0, [("remove", "A")], "FROM a\nUSER x\n"),
        ("FROM a\nenv A=1\nUSER x\n", 0, [("add", "B", 2)], "FROM a\nenv A=1\nenv B=2\nUSER x\n"),
        ("FROM a\nENV A one\n", 0, [("change", "A", "two")], "FROM a\nENV A two\n"),
        ("FROM a\nENV A one\n", 0, [("rename", "A", "B")], "FROM a\nENV B one\n"),
        ('FROM a\nENV A="1"\n', 0, [("change", "A", "x y")], 'FROM a\nENV A="x y"\n'),
        ("FROM a\nENV A=1\n", 0, [("change", "A", 'q"$')], 'FROM a\nENV A="q\\"\\$"\n'),
        ("FROM a\nENV A='1'", 0, [("add", "B", "x")], "FROM a\nENV A='1'\nENV B='x'"),
    ],
)
def test_edits(source: str, index: int, edits: list[tuple[Value, ...]], expected: str) -> None:
    assert _edited(source, index, *edits) == expected


@pytest.mark.parametrize(
    ("source", "edit", "reason"),
    [
        ("FROM a\nENV A=1\n", ("add", "A", 1), "set already"),
        ("FROM a\nENV A=1\n", ("change", "A", "x\n"), "control character"),
        ("FROM a\nENV A=1\n", ("rename", "A", "B C"), "no name of a variable"),
        ("FROM a\nENV A=1 \\\n # c\n B=2\n", ("add", "C", 1), "comment"),
    ],
)
def test_refusals(source: str, edit: tuple[Value, ...], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        _edited(source, 0, edit)


_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,12}", fullmatch=True)
_VALUES = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), max_size=12)
_STYLES = st.sampled_from(['"', "'", ""])


def _written(value: str, quote: str) -> str | None:
    if quote == '"':
        return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'
    if quote == "'":
        return f"'{value}'" if "'" not in value else None
    return value if re.fullmatch(r"[\w./:,-]+", value) else None


@settings(max_examples=200, deadline=None)
@given(
    pairs=st.lists(st.tuples(_NAMES, _VALUES, _STYLES), min_size=1, unique_by=lambda one: one[0]),
    glue=st.sampled_from([" ", " \\\n    ", "\nENV "]),
    new=st.tuples(_NAMES, _VALUES),
    chosen=st.integers(min_value=0, max_value=9),
    action=st.sampled_from(["add", "change", "remove", "rename"]),
)
def test_what_is_written_is_read(
    pairs: list[tuple[str, str, str]],
    glue: str,
    new: tuple[str, str],
    chosen: int,
    action: str,
) -> None:
    tokens = [(key, value, _written(value, quote)) for key, value, quote in pairs]
    known = [(key, value, token) for key, value, token in tokens if token is not None]
    if not known:
        return
    body = glue.join(f"{key}={token}" for key, _, token in known)
    source = f"FROM image\nENV {body}\nCMD run\n"
    before = [(key, value) for key, value, _ in known]
    assert _variables(source) == before
    key = known[chosen % len(known)][0]
    index = 0 if glue != "\nENV " else chosen % len(known)
    edits: dict[str, tuple[Value, ...]] = {
        "add": ("add", new[0], new[1]),
        "change": ("change", key, new[1]),
        "remove": ("remove", key),
        "rename": ("rename", key, new[0]),
    }
    try:
        after = _edited(source, index, edits[action])
    except CannotWrite:
        return
    meant = {
        "add": sorted([*before, new]),
        "change": sorted((k, new[1] if k == key else v) for k, v in before),
        "remove": sorted((k, v) for k, v in before if k != key),
        "rename": sorted((new[0] if k == key else k, v) for k, v in before),
    }
    assert sorted(_variables(after)) == meant[action]
    assert after.startswith("FROM image\n")
    assert after.endswith("CMD run\n")


def test_a_variable_without_a_blank_is_none() -> None:
    assert _variables('FROM image\nENV A:"x y"\nENV B: z\n') == [("B:", "z")]
