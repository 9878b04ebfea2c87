"""Reading HCL: blocks by their labels, values, templates, heredocs, and where each stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.formats.conftest import Row

from oncelint.formats.hosts import embedded
from oncelint.formats.tree import Document, FormatError, Mapping, Scalar
from oncelint.text import Region, SourceText

Outline = Callable[[str, str], "list[Row]"]
Read = Callable[[str, str], Document]

TOPIC = """resource "kafka_topic" "orders" {
  name       = "orders" # its name
  partitions = 12
  config = {
    "cleanup.policy" = "compact"
    retention        : -1,
  }
  lifecycle {
    prevent_destroy = true
  }
}
"""


def test_a_block_is_nested_by_its_labels(outline: Outline) -> None:
    name = '/resource/"kafka_topic"/"orders"'
    assert outline("hcl", TOPIC) == [
        (f"{name}/name", '"orders"', "orders"),
        (f"{name}/partitions", "12", 12),
        (f'{name}/config/"cleanup.policy"', '"compact"', "compact"),
        (f"{name}/config/retention", "-1", -1),
        (f"{name}/lifecycle/prevent_destroy", "true", True),
    ]


def test_blocks_of_one_name_stay_apart(document: Read) -> None:
    root = document("hcl", 'a "x" {\n}\na "y" {\n}\na = 1\n').roots[0]
    assert isinstance(root, Mapping)
    assert [entry.key.text for entry in root.entries] == ["a", "a", "a"]


def test_a_body_spans_its_braces(document: Read) -> None:
    node = document("hcl", TOPIC).roots[0]
    for key in ("resource", "kafka_topic", "orders"):
        assert isinstance(node, Mapping)
        found = node.get(key)
        assert found is not None
        node = found
    assert TOPIC[node.start] == "{"
    assert TOPIC[node.end - 1] == "}"
    assert node.end == len(TOPIC) - 1


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3),
        ("-1", -1),
        ("1.5", 1.5),
        ("true", True),
        ("false", False),
        ("null", None),
        ('"a"', "a"),
        ('""', ""),
        (r'"a\tb\"c\\ \u00e9"', 'a\tb"c\\ é'),
        ('"$${x} %%{y}"', "${x} %{y}"),
        ('"a-${var.b}-${"c"}"', 'a-${var.b}-${"c"}'),
        ("var.size", "${var.size}"),
        ("local.topics[0].size", "${local.topics[0].size}"),
        ('var.x == "a" ? 1 : 2', '${var.x == "a" ? 1 : 2}'),
        ('"a" == "b"', '${"a" == "b"}'),
        ('format("%s", 1)', '${format("%s", 1)}'),
        ("1 + 2", "${1 + 2}"),
    ],
)
def test_values(outline: Outline, written: str, value: object) -> None:
    assert outline("hcl", f"v = {written}\n") == [("/v", written, value)]


def test_functions_that_give_their_argument(outline: Outline) -> None:
    source = 'a = jsonencode({ "b.c" = 1 })\nd = toset(["e"])\nf = tomap({ g = true })\n'
    assert outline("hcl", source) == [
        ('/a/"b.c"', "1", 1),
        ("/d/0", '"e"', "e"),
        ("/f/g", "true", True),
    ]


def test_a_merged_map_is_open(document: Read) -> None:
    root = document("hcl", "a = merge(local.b, { c = 1 })\nd = merge({ e = 1 }, local.f)\n").roots[
        0
    ]
    assert isinstance(root, Mapping)
    merged, other = root.get("a"), root.get("d")
    assert isinstance(merged, Mapping)
    assert merged.open_reason is not None
    assert [entry.key.text for entry in merged.entries] == ["c"]
    assert isinstance(other, Scalar)  # the later map may say something else
    assert other.value == "${merge({ e = 1 }, local.f)}"


def test_a_computed_key_leaves_a_map_open(document: Read) -> None:
    root = document("hcl", 'a = { (var.k) = 1, "b" = 2 }\n').roots[0]
    assert isinstance(root, Mapping)
    node = root.get("a")
    assert isinstance(node, Mapping)
    assert node.open_reason is not None
    assert node.get("b") is not None


HEREDOC = """resource "aws_msk_configuration" "x" {
  server_properties = <<-EOT
    acks=1

      more=${var.b}
  EOT
  other = <<TXT
plain
TXT
}
"""


def test_a_heredoc_loses_its_margin(outline: Outline) -> None:
    (_, _, text), (_, _, other) = outline("hcl", HEREDOC)
    assert text == "acks=1\n\n  more=${var.b}\n"
    assert other == "plain\n"


def test_an_empty_heredoc(outline: Outline) -> None:
    assert outline("hcl", "a = <<EOT\nEOT\n") == [("/a", "<<EOT\nEOT", "")]


def test_properties_in_a_heredoc_are_a_file_of_their_own() -> None:
    from oncelint.formats import read

    text = SourceText("x.tf", HEREDOC)
    (found,) = embedded("hcl", read("hcl", text), text)
    assert (found.kind, found.name) == ("properties", "msk-configuration.properties")
    region = found.region
    assert isinstance(region, Region)
    at = region.text.index("acks")
    assert HEREDOC[region.host_offset(at) :].startswith("acks=1")
    assert region.encode("a=1\nb=${c}") == "a=1\n    b=$${c}"


def test_comments(document: Read) -> None:
    source = "# one\n// two\n/* three\n */\na = 1 # four\n"
    found = [comment.text for comment in document("hcl", source).comments]
    assert found == ["one", "two", "three", "four"]


@pytest.mark.parametrize("source", ["a = ", "resource {", 'a "b" = 1', "a = [1", 'a = "b'])
def test_what_is_no_hcl(document: Read, source: str) -> None:
    with pytest.raises(FormatError):
        document("hcl", source)


def test_hostile_nesting_is_refused(document: Read) -> None:
    with pytest.raises(FormatError):
        document("hcl", "a = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(FormatError):
        document("hcl", "a {\n" * 5000 + "}\n" * 5000)
