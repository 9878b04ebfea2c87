"""Edits of blocks and maps in HCL: exact texts, and random edits that mean what they should."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.tree_formats import RUN, Draw, at, edited, parsed, random_steps, refusal, shape

from oncelint.formats.tree import Mapping

TOPIC = """resource "kafka_topic" "orders" {
  name               = "orders"
  replication_factor = 1 # one

  config = {
    "cleanup.policy"      = "compact"
    "min.insync.replicas" = 1
  }

  timeouts {
    create = "5m"
  }
}
"""
BODY = (0, 0, 0, 0)
CONFIG = (*BODY, 2)


def test_values_change_in_place() -> None:
    assert edited("hcl", TOPIC, ("change", "replication_factor", 3), route=BODY) == TOPIC.replace(
        "= 1 #", "= 3 #"
    )


def test_an_entry_of_a_map_stands_below_the_last_one() -> None:
    result = edited("hcl", TOPIC, ("add", "retention.ms", 60000), route=CONFIG)
    assert result == TOPIC.replace(
        '.replicas" = 1\n', '.replicas" = 1\n    "retention.ms"        = 60000\n'
    )


def test_an_attribute_stands_before_the_blocks() -> None:
    result = edited("hcl", TOPIC, ("add", "partitions", 6), route=BODY)
    assert result == TOPIC.replace("  }\n\n  timeouts", "  }\n  partitions = 6\n\n  timeouts")


def test_entries_go_with_their_lines() -> None:
    result = edited(
        "hcl",
        TOPIC,
        ("remove", "cleanup.policy"),
        ("rename", "min.insync.replicas", "b"),
        route=CONFIG,
    )
    assert '"b" = 1' in result
    assert "cleanup" not in result


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("m = {}\n", 'm = { n = true, "a.b" = "x" }\n'),
        ("m = { }\n", 'm = { n = true, "a.b" = "x" }\n'),
        ("m = { a = 1 }\n", 'm = { a = 1, n = true, "a.b" = "x" }\n'),
        ('m = { "a": "1", "b": "2" }\n', 'm = { "a": "1", "b": "2", "n": "true", "a.b": "x" }\n'),
        ("m = {\n}\n", 'm = {\n  n = true\n  "a.b" = "x"\n}\n'),
        ("m = {\n  a = 1\n}\n", 'm = {\n  a = 1\n  n = true\n  "a.b" = "x"\n}\n'),
        ("m = {\n  a = 1,\n}\n", 'm = {\n  a = 1,\n  n = true,\n  "a.b" = "x",\n}\n'),
        ("m = {\r\n  a = 1\r\n}\r\n", 'm = {\r\n  a = 1\r\n  n = true\r\n  "a.b" = "x"\r\n}\r\n'),
    ],
)
def test_new_entries_of_a_map(source: str, result: str) -> None:
    assert edited("hcl", source, ("add", "n", True), ("add", "a.b", "x"), route=(0, 0)) == result


def test_texts_are_escaped() -> None:
    result = edited("hcl", 'm = { a = "b" }\n', ("change", "a", '"${x}\n'), route=(0, 0))
    assert result == 'm = { a = "\\"$${x}\\n" }\n'


@pytest.mark.parametrize(
    ("source", "step", "reason"),
    [
        ("b {\n  a = var.x\n}\n", ("change", "a", 1), "expression"),
        ("b {\n  a = <<E\nx\nE\n}\n", ("change", "a", "y"), "heredoc"),
        ("b {\n  a = [1]\n}\n", ("change", "a", 1), "list or map"),
        ("b {\n  a = 1\n}\n", ("add", "x.y", 1), "no name"),
        ("b {\n  a = 1\n}\n", ("add", "a", 1), "there already"),
        ("b { a = 1 }\n", ("add", "c", 1), "on one line"),
        ("b {\n  a {\n  }\n}\n", ("add", "c", 1), "no attribute"),
        ("b {\n  a {\n  }\n}\n", ("remove", "a"), "block"),
    ],
)
def test_what_is_not_written(source: str, step: tuple[Any, ...], reason: str) -> None:
    assert reason in refusal("hcl", source, step, route=(0, 0))


_NAMES = st.sampled_from(("acks", "retention.ms", "k-1", "é", "a b", "for", "12"))
_VALUES = st.sampled_from(("1", "true", '"x"', '"a = {b}"', "var.x", '"${y}"', "[1, 2]", '"#"'))


@st.composite
def _maps(draw: Draw) -> str:
    """A map as somebody may have written it."""
    keys = draw(st.lists(_NAMES, max_size=4, unique=True))
    sign = draw(st.sampled_from((" = ", "=", ": ", "   = ")))
    entries = [f'"{key}"{sign}{draw(_VALUES)}' for key in keys]
    layout = draw(st.sampled_from(("line", "lines", "commas", "trailing")))
    if layout == "line":
        body = "{ " + ", ".join(entries) + " }" if entries else "{}"
    else:
        end = {"lines": "\n", "commas": ",\n", "trailing": " # c\n"}[layout]
        body = "{\n" + "".join(f"    {entry}{end}" for entry in entries) + "  }"
    return f'r "t" "n" {{\n  before = 1\n  config = {body}\n  after {{\n    x = 2\n  }}\n}}\n'


@RUN
@given(st.data())
def test_random_edits_mean_what_they_should(data: st.DataObject) -> None:
    source = data.draw(_maps())
    route = (0, 0, 0, 0, 1)
    mapping = at("hcl", source, route)
    plain = [
        step
        for step in random_steps(data.draw, mapping, ("x", 1, True, "${v}", 'q"', "%{"))
        if step[0] != "change" or _is_literal(mapping, str(step[1]))
    ]
    result = edited("hcl", source, *plain, route=route)
    after = at("hcl", result, route)
    values = {entry.key.text: entry.value for entry in after.entries}
    for name, key, *rest in plain:
        if name == "add":
            assert shape(values[key]) == (type(rest[0]).__name__, rest[0])
        elif name == "remove":
            assert key not in values or any(one[:3:2] == ("rename", key) for one in plain)
        elif name == "rename":
            assert rest[0] in values
    others = at("hcl", result, route[:-1])
    assert [entry.key.text for entry in others.entries] == ["before", "config", "after"]
    assert parsed("hcl", result).roots


def _is_literal(mapping: Mapping, key: str) -> bool:
    value = next(entry.value for entry in mapping.entries if entry.key.text == key)
    text = getattr(value, "text", "${")
    return "${" not in text
