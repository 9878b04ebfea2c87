"""The Logstash writer: exact edits, what it refuses, and random edits of random pipelines."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.tree import Entry, Mapping, walk
from oncelint.formats.tree import Scalar as Token
from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite, apply
from oncelint.text import SourceText

PIPELINE = """output {
  kafka {
    topic_id          => "orders"   # the topic
    acks              => '1'
    compression_type  => none
    codec => json { charset => "UTF-8" }
  }
}
"""


def plugin(source: str, name: str = "kafka") -> Mapping:
    (root,) = read("logstash", SourceText("", source)).roots
    return next(
        entry.value
        for node in walk(root)
        if isinstance(node, Mapping)
        for entry in node.entries
        if entry.key.text == name and isinstance(entry.value, Mapping)
    )


def entry_of(mapping: Mapping, key: str) -> Entry:
    return next(one for one in mapping.entries if one.key.text == key)


def edited(source: str, *edits: tuple[str, str, Scalar]) -> str:
    mapping = plugin(source)
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
    return apply(source, render("logstash", source, mapping, operations))


@pytest.mark.parametrize(
    ("edits", "before", "after"),
    [
        ([("change", "acks", "all")], "=> '1'", "=> 'all'"),
        ([("change", "topic_id", "refunds")], '"orders"', '"refunds"'),
        ([("change", "compression_type", "zstd")], "=> none", '=> "zstd"'),
        ([("change", "compression_type", True)], "=> none", "=> true"),
        (
            [("rename", "acks", "retries")],
            "    acks              =>",
            "    retries              =>",
        ),
        ([("remove", "acks", None)], "    acks              => '1'\n", ""),
    ],
)
def test_edit(edits: list[tuple[str, str, Scalar]], before: str, after: str) -> None:
    assert edited(PIPELINE, *edits) == PIPELINE.replace(before, after)


def test_a_new_setting_stands_in_the_column_of_the_others() -> None:
    written = edited(PIPELINE, ("add", "retries", 3))
    assert "    retries           => 3\n" in written
    assert written.replace("    retries           => 3\n", "") == PIPELINE


def test_line_ends_stay() -> None:
    source = PIPELINE.replace("\n", "\r\n")
    written = edited(source, ("change", "acks", "all"), ("add", "retries", 3))
    assert written.replace("\r\n", "\n") == edited(
        PIPELINE, ("change", "acks", "all"), ("add", "retries", 3)
    )


@pytest.mark.parametrize(
    ("source", "edit", "reason"),
    [
        (
            "output { kafka { topic_id => a acks => 1 } }",
            ("remove", "acks", None),
            "shares its line",
        ),
        (
            "output { kafka { topic_id => a\n acks => [1, 2] } }",
            ("change", "acks", "all"),
            "section",
        ),
        (PIPELINE, ("change", "codec", "plain"), "section"),
        (PIPELINE, ("change", "acks", "it's"), "quote"),
        (PIPELINE, ("change", "acks", "a\nb"), "control"),
        (PIPELINE, ("add", "enable.idempotence", True), "no setting's name"),
        (PIPELINE, ("add", "acks", "all"), "set already"),
        ("output {\n  kafka {\n  }\n}\n", ("add", "acks", "all"), "no setting to stand beside"),
    ],
)
def test_refusal(source: str, edit: tuple[str, str, Scalar], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        edited(source, edit)


KEYS = st.sampled_from(["acks", "topic_id", "retries", "client_id", "batch_size", "linger_ms"])
NEW_KEYS = st.sampled_from(["isolation_level", "group_id", "x", "acks2"])
WORDS = st.sampled_from(["1", "all", "true", "none", "-5", "a b", "x#y", "{", "%{type}", "", "é😀"])
VALUES: st.SearchStrategy[Scalar] = st.one_of(WORDS, st.booleans(), st.integers(-9, 10**9))


@dataclass(frozen=True, slots=True)
class Pipeline:
    text: str
    plugins: int


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Plugins whose settings have lines of their own, with comments and conditions around."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    indent = draw(st.sampled_from(["  ", "\t", "    "]))
    lines = [draw(st.sampled_from(["", "# a comment: {", "\ufeff# mark"]))]
    count = draw(st.integers(1, 3))
    for number in range(count):
        lines.append(draw(st.sampled_from(["output {", "input{", "output {  # }"])))
        conditional = draw(st.booleans())
        if conditional:
            lines.append(f'{indent}if [a] == "b" and "}}" in [tags] {{')
        lines.append(f"{indent}kafka{number} {{")
        for key in draw(st.lists(KEYS, min_size=1, max_size=5, unique=True)):
            gap = draw(st.sampled_from([" => ", "=>", "   =>  "]))
            word = draw(st.one_of(WORDS.filter(lambda one: one.isalnum()), st.just("5")))
            written = draw(st.sampled_from([f'"{word}"', f"'{word}'", word]))
            tail = draw(st.sampled_from(["", " ", "  # c }"]))
            lines.append(f"{indent * 2}{key}{gap}{written}{tail}")
        if draw(st.booleans()):
            lines.append(f'{indent * 2}codec => json {{ charset => "UTF-8" }}')
        lines += [f"{indent}}}"] * (1 + conditional)
        lines.append("}")
    return Pipeline(end.join(lines) + draw(st.sampled_from(["", end])), count)


def rows(mapping: Mapping) -> list[tuple[str, str]]:
    return [(e.key.text, e.value.text) for e in mapping.entries if isinstance(e.value, Token)]


def text_of(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(pipelines(), st.data())
def test_random_edits(pipeline: Pipeline, data: st.DataObject) -> None:
    """What was meant is read, and every line of no named setting is there byte for byte."""
    text = pipeline.text
    name = f"kafka{data.draw(st.integers(0, pipeline.plugins - 1))}"
    mapping = plugin(text, name)
    own = [one for one in mapping.entries if isinstance(one.value, Token)]
    operations: list[Operation] = []
    meant: list[tuple[str, str]] = []
    touched: set[int] = set()
    for entry in own:
        what = data.draw(st.sampled_from(["", "change", "remove"]))
        assert isinstance(entry.value, Token)
        if what == "remove" and len(touched) + 1 < len(own):
            operations.append(Remove(entry))
            touched.add(text.count("\n", 0, entry.key.start))
            continue
        value: Scalar = entry.value.text
        if what == "change":
            value = data.draw(VALUES)
            operations.append(Change(entry, value))
            touched.add(text.count("\n", 0, entry.key.start))
        meant.append((entry.key.text, text_of(value)))
    key = data.draw(st.one_of(st.none(), NEW_KEYS))
    if key is not None:
        added = data.draw(VALUES)
        operations.append(Add(key, added))
        meant.append((key, text_of(added)))
    written = apply(text, render("logstash", text, mapping, operations))
    assert sorted(rows(plugin(written, name))) == sorted(meant)
    for number in range(pipeline.plugins):
        if f"kafka{number}" != name:
            other = f"kafka{number}"
            assert rows(plugin(written, other)) == rows(plugin(text, other))
    kept = [line for at, line in enumerate(text.split("\n")) if at not in touched]
    left = written.split("\n")
    for line in kept:
        assert line in left or line + "\r" in left or line.rstrip("\r") in left
        left.remove(next(one for one in left if one.rstrip("\r") == line.rstrip("\r")))
    assert len(left) <= len(operations)
