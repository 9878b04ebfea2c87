"""The documents in fixtures/formats and how they must be read.

Beside each document `NAME.expected.json` lists its scalars in order: the path (the document's
number, then keys and indices), the decoded text, and the place of the token as written. Files are
read as they lie on the disk, and once more with CR LF line ends and a byte order mark, which must
not move anything.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from oncelint.formats import READERS, read
from oncelint.formats.tree import Node, Scalar, Sequence
from oncelint.text import SourceText

FOLDER = Path(__file__).parents[2] / "fixtures" / "formats"
SAMPLES = sorted(
    path
    for path in FOLDER.glob("*/*")
    if path.is_file() and not path.name.endswith(".expected.json")
)

Part: TypeAlias = "str | int"
Row: TypeAlias = "tuple[tuple[Part, ...], str, int, int, int, int]"


def rows(source: SourceText, node: Node, path: tuple[Part, ...]) -> Iterator[Row]:
    if isinstance(node, Scalar):
        span = source.span(node.start, node.end)
        yield (path, node.text, span.start.line, span.start.column, span.end.line, span.end.column)
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from rows(source, item, (*path, index))
    else:
        for entry in node.entries:
            yield from rows(source, entry.value, (*path, entry.key.text))


def reading(kind: str, data: bytes) -> list[Row]:
    source = SourceText.decode("sample", data)
    roots = read(kind, source).roots
    return [row for index, root in enumerate(roots) for row in rows(source, root, (index,))]


def expected(sample: Path) -> list[Row]:
    loaded = json.loads(sample.with_name(sample.name + ".expected.json").read_text("utf-8"))
    return [(tuple(path), *rest) for path, *rest in loaded]


def test_every_format_has_samples() -> None:
    # a shell script holds commands and a page texts: they have no settings of their own
    assert {path.parent.name for path in SAMPLES} == set(READERS) - {"shell", "markdown"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_sample(sample: Path) -> None:
    assert reading(sample.parent.name, sample.read_bytes()) == expected(sample)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_sample_with_windows_line_ends_and_byte_order_mark(sample: Path) -> None:
    data = codecs.BOM_UTF8 + sample.read_bytes().replace(b"\n", b"\r\n")
    found = [
        (path, text.replace("\r\n", "\n"), *place)
        for path, text, *place in reading(sample.parent.name, data)
    ]
    assert found == expected(sample)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_expected_places_hold_the_expected_text(sample: Path) -> None:
    """The expectations agree with the file itself, whatever the readers say."""
    lines = sample.read_text("utf-8").split("\n")
    checked = 0
    for _, text, line, column, end_line, end_column in expected(sample):
        if line == end_line and "\\" not in lines[line - 1]:
            written = lines[line - 1][column - 1 : end_column - 1]
            token = text.replace("'", "''") if sample.suffix == ".sql" else text
            bare = text.removeprefix("${").removesuffix("}") if sample.suffix == ".tf" else text
            assert written in (text, bare, f'"{text}"', f"'{token}'", f"'''{text}'''")
            checked += 1
    assert checked > 5
