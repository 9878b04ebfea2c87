"""The Fluent Bit writer: exact edits, what it refuses, and random edits of random files."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.tree import Entry, Mapping
from oncelint.formats.tree import Scalar as Token
from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite, apply
from oncelint.text import SourceText

FILE = """[SERVICE]
    Flush     1

# the cluster of the orders team
[OUTPUT]
    Name      kafka
    Match     *
    Brokers   kafka:9092
    # few acknowledgements
    rdkafka.acks              1
    rdkafka.linger.ms         5

[OUTPUT]
    Name      stdout
    Match     *
"""


def sections(source: str) -> list[Mapping]:
    (root,) = read("fluent-bit", SourceText("", source)).roots
    assert isinstance(root, Mapping)
    return [one.value for one in root.entries if isinstance(one.value, Mapping)]


def entry_of(mapping: Mapping, key: str) -> Entry:
    return next(one for one in mapping.entries if one.key.text == key)


def edited(source: str, *edits: tuple[str, str, Scalar], section: int = 1) -> str:
    mapping = sections(source)[section]
    operations: list[Operation] = []
    for name, key, value in edits:
        if name == "add":
            operations.append(Add(key, value))
        elif name == "change":
            operations.append(Change(entry_of(mapping, key), value))
        elif name == "rename":
            operations.append(Rename(entry_of(mapping, key), str(value)))
        else:
            operations.append(Remove(entry_of(mapping, key)))
    return apply(source, render("fluent-bit", source, mapping, operations))


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (("change", "rdkafka.acks", "all"), "acks              1", "acks              all"),
        (("change", "Brokers", "a:1, b:1"), "kafka:9092", "a:1, b:1"),
        (("remove", "rdkafka.acks", None), "    rdkafka.acks              1\n", ""),
        (
            ("rename", "Match", "Match_Regex"),
            "Match     *\n    Brokers",
            "Match_Regex     *\n    Brokers",
        ),
        (
            ("add", "rdkafka.enable.idempotence", "true"),
            "linger.ms         5\n",
            "linger.ms         5\n    rdkafka.enable.idempotence true\n",
        ),
        (
            ("add", "rdkafka.retries", "9"),
            "linger.ms         5\n",
            "linger.ms         5\n    rdkafka.retries           9\n",
        ),
    ],
)
def test_edit(edit: tuple[str, str, Scalar], before: str, after: str) -> None:
    assert edited(FILE, edit) == FILE.replace(before, after)


def test_a_section_without_a_property() -> None:
    source = FILE.replace("    rdkafka.acks              1\n    rdkafka.linger.ms         5\n", "")
    written = edited(source, ("add", "rdkafka.enable.idempotence", "true"))
    added = "    rdkafka.enable.idempotence true\n"
    assert written == source.replace("kafka:9092\n", "kafka:9092\n" + added)


def test_line_ends_and_tabs_stay() -> None:
    source = FILE.replace("    ", "\t").replace("\n", "\r\n")
    written = edited(source, ("add", "rdkafka.retries", "9"), ("change", "rdkafka.acks", "all"))
    assert "\r\n\trdkafka.retries" in written
    assert written.count("\n") == written.count("\r\n") == source.count("\n") + 1


def test_a_group_s_keys_are_left_alone() -> None:
    source = "[OUTPUT]\n  Name kafka\n  rdkafka.acks 1\n  [PROCESSOR]\n    rdkafka.acks 0\n"
    assert edited(source, ("change", "rdkafka.acks", "all"), section=0) == source.replace(
        "acks 1", "acks all"
    )


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (("change", "rdkafka.acks", ""), "empty"),
        (("change", "rdkafka.acks", "a\nb"), "control character"),
        (("change", "rdkafka.acks", " all"), "blank at an end"),
        (("add", "a b", "1"), "something else here"),
        (("add", "[x]", "1"), "something else here"),
        (("add", "RDKAFKA.ACKS", "1"), "set already"),
        (("add", "x", None), "null"),
    ],
)
def test_refusal(edit: tuple[str, str, Scalar], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        edited(FILE, edit)


KEYS = st.sampled_from(
    ["Match", "Brokers", "Topics", "rdkafka.acks", "rdkafka.linger.ms", "Format"]
)
NEW_KEYS = st.sampled_from(["rdkafka.retries", "rdkafka.enable.idempotence", "x", "Topic_Key"])
WORDS = st.sampled_from(["1", "all", "*", "a b", "x # y", "${VAR}", "[x]", "@y", "é😀", "k=v"])
VALUES: st.SearchStrategy[Scalar] = st.one_of(WORDS, st.booleans(), st.integers(-9, 10**9))


@dataclass(frozen=True, slots=True)
class File:
    text: str
    sections: int


@st.composite
def files(draw: st.DrawFn) -> File:
    end = draw(st.sampled_from(["\n", "\r\n"]))
    indent = draw(st.sampled_from(["    ", "\t", " "]))
    others = st.sampled_from(
        ["", "# a comment", "@SET a=b", indent + "# Name x", "@INCLUDE a.conf"]
    )
    lines: list[str] = draw(st.lists(others, max_size=2))
    count = draw(st.integers(1, 4))
    for _ in range(count):
        lines.append(draw(st.sampled_from(["[OUTPUT]", "[input]", "[FILTER]  ", "[OUTPUT] # x"])))
        for key in ["Name", *draw(st.lists(KEYS, max_size=5, unique=True))]:
            gap = draw(st.sampled_from([" ", "    ", "\t ", " " * (20 - len(key))]))
            lines.append(indent + key + gap + draw(WORDS) + draw(st.sampled_from(["", " "])))
            if draw(st.integers(0, 4)) == 0:
                lines.append(draw(others))
    return File(end.join(lines) + draw(st.sampled_from(["", end, end * 2])), count)


def rows(mapping: Mapping) -> list[tuple[str, str]]:
    return [(e.key.text, e.value.text) for e in mapping.entries if isinstance(e.value, Token)]


def text_of(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(files(), st.data())
def test_random_edits(file: File, data: st.DataObject) -> None:
    """What was meant is read, and every line of no named setting is there byte for byte."""
    text = file.text
    assert len(sections(text)) == file.sections
    index = data.draw(st.integers(0, file.sections - 1))
    mapping = sections(text)[index]
    operations: list[Operation] = []
    meant: list[tuple[str, str]] = []
    touched: set[int] = set()
    for entry in mapping.entries:
        what = data.draw(st.sampled_from(["", "change", "remove"]))
        assert isinstance(entry.value, Token)
        line = text.count("\n", 0, entry.key.start)
        if what == "remove" and entry.key.text != "Name":
            operations.append(Remove(entry))
            touched.add(line)
            continue
        value: Scalar = entry.value.text
        if what == "change":
            value = data.draw(VALUES)
            operations.append(Change(entry, value))
            touched.add(line)
        meant.append((entry.key.text, text_of(value)))
    for key in data.draw(st.lists(NEW_KEYS, max_size=2, unique=True)):
        added = data.draw(VALUES)
        operations.append(Add(key, added))
        meant.append((key, text_of(added)))
    written = apply(text, render("fluent-bit", text, mapping, operations))
    found = sections(written)
    assert sorted(rows(found[index])) == sorted(meant)
    before = sections(text)
    assert [rows(one) for at, one in enumerate(found) if at != index] == [
        rows(one) for at, one in enumerate(before) if at != index
    ]
    left = written.split("\n")
    for at, kept in enumerate(text.split("\n")):
        if at not in touched:
            left.remove(next(one for one in left if one.rstrip("\r") == kept.rstrip("\r")))
    assert len(left) <= len(operations)
