"""Entries that go into a mapping which is not there yet."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.operations import Add, render
from oncelint.formats.tree import Mapping, walk
from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite, apply
from oncelint.text import SourceText


def added(kind: str, source: str, *pairs: tuple[str, Scalar], at: str = "type") -> str:
    """`source` with pairs in a new mapping `options` of the mapping that has the key `at`."""
    (root,) = read(kind, SourceText("", source)).roots
    mapping = next(
        node for node in walk(root) if isinstance(node, Mapping) and node.get(at) is not None
    )
    operations = [Add(key, value, "options") for key, value in pairs]
    return apply(source, render(kind, source, mapping, operations))


def test_yaml_on_lines_of_its_own() -> None:
    source = "sinks:\n    kafka:\n        type: kafka\n        topic: a\nsources: {}\n"
    written = added("yaml", source, ("a.b", "true"), ("acks", "all"))
    block = '        options:\n            a.b: "true"\n            acks: all\n'
    assert written == source.replace("topic: a\n", "topic: a\n" + block)


def test_yaml_in_an_item() -> None:
    source = "sinks:\n  - type: kafka\n    topic: a\n  - b: 1\n"
    written = added("yaml", source, ("a.b", 1))
    assert written == source.replace("topic: a\n", "topic: a\n    options:\n      a.b: 1\n")


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("yaml", "s: {type: kafka}\n", 's: {type: kafka, options: {a.b: "true"}}\n'),
        ("json", '{"type": "kafka"}', '{"type": "kafka", "options": {"a.b": "true"}}'),
        (
            "json",
            '{\n  "type": "kafka"\n}\n',
            '{\n  "type": "kafka",\n  "options": {"a.b": "true"}\n}\n',
        ),
        (
            "toml",
            '[s.k]\ntype = "kafka"\n\n[s.k.encoding]\n',
            '[s.k]\ntype = "kafka"\noptions."a.b" = "true"\n\n[s.k.encoding]\n',
        ),
        (
            "toml",
            's = { type = "kafka" }\n',
            's = { type = "kafka", options."a.b" = "true" }\n',
        ),
    ],
)
def test_edit(kind: str, source: str, expected: str) -> None:
    assert added(kind, source, ("a.b", "true")) == expected


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_what_is_there_already(kind: str) -> None:
    with pytest.raises(CannotWrite, match="there already"):
        added(kind, '{"type": "kafka", "options": 1}', ("a", 1))


def test_the_same_twice() -> None:
    with pytest.raises(CannotWrite, match="twice"):
        added("json", '{"type": "kafka"}', ("a", 1), ("a", 2))


def test_lines_have_no_such_mappings() -> None:
    with pytest.raises(CannotWrite, match="not nested"):
        added("properties", "type=kafka\n", ("a", 1))


KEYS = st.sampled_from(["a.b", "acks", "x y", "é", "1", "true", "a: b", "#"])
VALUES: st.SearchStrategy[Scalar] = st.one_of(
    st.sampled_from(["true", "1", "all", "", "a: b", "x#y", "[", '"', "é😀"]),
    st.booleans(),
    st.integers(-9, 9),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), st.integers(2, 4))
def test_random(pairs: dict[str, Scalar], indent: int) -> None:
    """What is added is read as it is meant, and nothing else has changed."""
    inner = {"type": "kafka", "topic": "a"}
    document = {"sinks": {"one": inner, "two": {"topic": "b"}}}
    wanted = {"sinks": {"one": {**inner, "options": pairs}, "two": {"topic": "b"}}}
    for kind, source, load in (
        ("json", json.dumps(document, indent=indent), json.loads),
        ("json", json.dumps(document), json.loads),
        ("yaml", yaml.safe_dump(document, indent=indent, sort_keys=False), yaml.safe_load),
    ):
        written = added(kind, source, *pairs.items())
        assert load(written) == wanted
