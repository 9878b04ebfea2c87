"""Places in Python sources, as the IR counts them, and operations on what stands there."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from oncelint.model.ir import Place
from oncelint.model.values import Scalar
from oncelint.patches import apply
from oncelint.python.edit import render
from oncelint.python.operations import (
    AddArgument,
    AddEntry,
    Chain,
    ChangeValue,
    ImportInstead,
    Operation,
    RemoveKey,
    RenameKey,
    Wrap,
)

Asked: TypeAlias = "Callable[[str], Operation]"

_LINE_END = re.compile(r"\r\n|\r|\n")


def position(source: str, offset: int) -> tuple[int, int]:
    """1-based line and code point column of an offset."""
    ends = [match.end() for match in _LINE_END.finditer(source, 0, offset)]
    return len(ends) + 1, offset - (ends[-1] if ends else 0) + 1


def place(source: str, start: int, end: int) -> Place:
    """The place of the code points `start` to `end`."""
    return (*position(source, start), *position(source, end))


def at(source: str, fragment: str) -> Place:
    """The place of the first occurrence of a fragment."""
    start = source.index(fragment)
    return place(source, start, start + len(fragment))


@lru_cache(maxsize=4)
def lines_of(source: str) -> list[str]:
    """The lines without their ends."""
    return _LINE_END.split(source)


def place_of(source: str, node: ast.expr) -> Place:
    """The place of an expression, from the UTF-8 columns of `ast`."""
    lines = lines_of(source)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None

    def column(line: int, utf8: int) -> int:
        return len(lines[line - 1].encode()[:utf8].decode()) + 1

    return (
        node.lineno,
        column(node.lineno, node.col_offset),
        node.end_lineno,
        column(node.end_lineno, node.end_col_offset),
    )


def edited(source: str, operations: Sequence[Operation]) -> str:
    """The source after the operations; its patches ascend and are apart."""
    patches = render(source, operations)
    for before, after in zip(patches, patches[1:]):  # noqa: B905, RUF007 - pairs of neighbours
        assert before.end < after.start
    return apply(source, patches)


def add(call: str, key: str, value: Scalar) -> Asked:
    return lambda source: AddArgument(at(source, call), key, value)


def entry(display: str, key: str, value: Scalar) -> Asked:
    return lambda source: AddEntry(at(source, display), key, value)


def wrap(call: str, key: str, value: Scalar, *keywords: str) -> Asked:
    return lambda source: Wrap(at(source, call), key, value, keywords)


def change(literal: str, value: Scalar, *, text: bool = False, otherwise: Scalar = None) -> Asked:
    return lambda source: ChangeValue(at(source, literal), value, text, otherwise)


def key_at(source: str, fragment: str) -> Place:
    """The place of a key; a fragment `key=` is for a keyword."""
    start = source.index(fragment)
    return place(source, start, start + len(fragment.removesuffix("=")))


def remove(key: str) -> Asked:
    return lambda source: RemoveKey(key_at(source, key))


def rename(key: str, name: str) -> Asked:
    return lambda source: RenameKey(key_at(source, key), name)


def chain(expression: str, call: str) -> Asked:
    return lambda source: Chain(at(source, expression), call)


def instead(name: str, module: str) -> Asked:
    return lambda source: ImportInstead(name, module)
