"""Random operations on random modules: exactly the change that was asked for, and no other.

What is expected is made by changing the syntax tree of the original.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.python_editing.editing import edited, place_of
from tests.python_editing.modules import Modules

from oncelint.model.ir import Place
from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite
from oncelint.python.edit import render
from oncelint.python.operations import (
    AddArgument,
    AddEntry,
    Chain,
    ChangeValue,
    Operation,
    RemoveKey,
    RenameKey,
    Wrap,
)

VALUES: tuple[Scalar, ...] = (True, False, 5, -1, 0.25, "all", "it's ü", None)
RANDOM = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@dataclass(frozen=True)
class Change:
    """An operation, the same on the tree, the old lines it may touch, and what it takes away."""

    operation: Operation
    apply: Callable[[], None]
    lines: int
    node: ast.AST
    removed: ast.AST | None = None


def literal(value: Scalar) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body


def is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant)


def height(node: Any) -> int:
    return int(node.end_lineno - node.lineno + 1)


def texts(old: object, value: Scalar) -> Scalar:
    """What a text becomes that stays text."""
    if not isinstance(old, str):
        return value
    if isinstance(value, bool):
        spelled = {"False": str(value), "TRUE": str(value).upper()}
        return spelled.get(old, str(value).lower())
    return str(value)


def stand_in(one: ast.keyword) -> ast.expr:
    """An expression where a keyword begins."""
    name = ast.Name("x")
    name.lineno = name.end_lineno = one.lineno
    name.col_offset = name.end_col_offset = one.col_offset
    return name


class Changes:
    """The operations that a module allows."""

    def __init__(self, source: str, tree: ast.Module, random: Random) -> None:
        self.source = source
        self.tree = tree
        self.random = random
        self.fresh = 0

    def place(self, node: ast.expr) -> Place:
        return place_of(self.source, node)

    def key(self) -> str:
        self.fresh += 1
        return f"new{self.fresh}"

    def all(self) -> Iterator[Change]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield from self.of_call(node)
            elif isinstance(node, ast.Dict):
                yield from self.of_dict(node)
            for block in ("body", "orelse", "finalbody"):
                statements = getattr(node, block, None)
                if isinstance(statements, list):
                    for statement in statements:
                        yield from self.of_statement(node, block, statement)
            for field in ("value", "default"):
                old = getattr(node, field, None)
                if isinstance(node, (ast.Assign, ast.AnnAssign, ast.keyword)) and old is not None:
                    yield from self.of_value(old, lambda new, n=node, f=field: setattr(n, f, new))  # type: ignore[misc]
            if isinstance(node, ast.arguments):
                yield from self.of_list(node.defaults)

    def of_list(self, nodes: list[ast.expr]) -> Iterator[Change]:
        for old in nodes:

            def put(new: ast.expr, old: ast.expr = old) -> None:
                nodes[next(i for i, one in enumerate(nodes) if one is old)] = new

            yield from self.of_value(old, put)

    def of_value(self, old: ast.expr, put: Callable[[ast.expr], None]) -> Iterator[Change]:
        if not is_literal(old):
            return
        value = self.random.choice(VALUES)
        now = ast.literal_eval(old)
        text = self.random.random() < 0.5 and value is not None
        if isinstance(now, bytes) and (text or isinstance(value, str)):
            return
        new = texts(now, value) if text else value
        operation = ChangeValue(self.place(old), value, text)
        yield Change(operation, lambda: put(literal(new)), height(old), old)

    def of_call(self, call: ast.Call) -> Iterator[Change]:
        key, value = self.key(), self.random.choice(VALUES)
        at = self.place(call)
        is_dict = isinstance(call.func, ast.Name) and call.func.id == "dict"

        def add() -> None:
            named = [i for i, one in enumerate(call.keywords) if one.arg is not None]
            call.keywords.insert(max(named, default=-1) + 1, ast.keyword(key, literal(value)))

        operation = AddEntry(at, key, value) if is_dict else AddArgument(at, key, value)
        yield Change(operation, add, 1, call)
        first = call.args[0] if call.args else None
        if first is not None and not isinstance(first, (ast.Starred, ast.GeneratorExp)):

            def wrap() -> None:
                if isinstance(first, ast.Dict):
                    first.keys.append(literal(key))
                    first.values.append(literal(value))
                else:
                    call.args[0] = ast.Dict([None, literal(key)], [first, literal(value)])

            yield Change(Wrap(at, key, value), wrap, 2, first)
        for one in call.keywords:
            if one.arg is not None:
                line, column, _, _ = place_of(self.source, stand_in(one))
                yield from self.of_keyword(call, one, (line, column, line, column + len(one.arg)))
        name = self.key()
        yield from self.of_list(call.args)
        if not isinstance(call.func, ast.Call):
            inner = call.func
            if isinstance(inner, (ast.Name, ast.Attribute)) and not is_dict:

                def chain() -> None:
                    call.func = ast.Call(ast.Attribute(inner, name, ast.Load()), [], [])

                yield Change(Chain(self.place(inner), f".{name}()"), chain, 1, inner)

    def of_keyword(self, call: ast.Call, one: ast.keyword, named: Place) -> Iterator[Change]:
        name = self.key()
        yield Change(RenameKey(named, name), lambda: setattr(one, "arg", name), 1, one)
        if is_literal(one.value) or isinstance(one.value, (ast.Name, ast.Attribute)):
            yield Change(
                RemoveKey(named), lambda: call.keywords.remove(one), height(one) + 1, one, one
            )

    def of_dict(self, node: ast.Dict) -> Iterator[Change]:
        key, value = self.key(), self.random.choice(VALUES)

        def add() -> None:
            node.keys.append(literal(key))
            node.values.append(literal(value))

        yield Change(AddEntry(self.place(node), key, value), add, 1, node)
        yield from self.of_list(node.values)
        for old, held in zip(node.keys, node.values, strict=True):
            if old is None:
                continue

            def remove(old: ast.expr = old) -> None:
                index = next(i for i, one in enumerate(node.keys) if one is old)
                del node.keys[index], node.values[index]

            if isinstance(old, ast.Constant):
                name = self.key()
                rename = lambda old=old, name=name: setattr(old, "value", name)  # noqa: E731
                yield Change(RenameKey(self.place(old), name), rename, 1, old)
            if is_literal(held) or isinstance(held, (ast.Name, ast.Attribute)):
                lines = height(old) + height(held)
                entry = ast.Tuple([old, held])
                entry.lineno, entry.end_lineno = old.lineno, held.end_lineno
                yield Change(RemoveKey(self.place(old)), remove, lines, held, entry)

    def of_statement(self, holder: ast.AST, field: str, statement: ast.stmt) -> Iterator[Change]:
        key = None
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            key, held = statement.targets[0].slice, statement.value
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            function = statement.value.func
            if isinstance(function, ast.Attribute) and function.attr == "setdefault":
                key, held = statement.value.args
        if key is None or not is_literal(held):
            return

        def remove() -> None:
            block = getattr(holder, field)
            block.remove(statement)
            if not block and not isinstance(holder, ast.Module):
                block.append(ast.Pass())

        yield Change(
            RemoveKey(self.place(key)), remove, height(statement) + 1, statement, statement
        )


def chosen(changes: list[Change], random: Random, most: int) -> list[Change]:
    """Some that do not contradict each other."""
    picked: list[Change] = []
    random.shuffle(changes)
    for one in changes:
        if len(picked) == most:
            break
        if all(independent(one, other) and independent(other, one) for other in picked):
            picked.append(one)
    return picked


def independent(one: Change, other: Change) -> bool:
    if one.node is other.node or one.operation == other.operation:
        return False
    if isinstance(one.operation, Wrap) or isinstance(other.operation, Wrap):
        return False
    if one.removed is not None:
        inside = {id(node) for node in ast.walk(one.removed)}
        if id(other.node) in inside or (other.removed and id(other.removed) in inside):
            return False
    return True


def comments(source: str) -> Counter[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(source, newline=None).readline)
    return Counter(
        (token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT
    )


def lines_of(source: str) -> list[str]:
    return io.StringIO(source, newline="").readlines()


@RANDOM
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_random_operations_do_what_was_asked(random: Random, most: int) -> None:
    source = Modules(random).module()
    tree = ast.parse(source)
    picked = chosen(list(Changes(source, tree, random).all()), random, most)
    gone = {
        line
        for one in picked
        if one.removed is not None
        for line in range(one.removed.lineno, (one.removed.end_lineno or 0) + 1)  # type: ignore[attr-defined]
    }
    result = edited(source, [one.operation for one in picked])
    for one in picked:
        one.apply()
    assert ast.dump(ast.parse(result)) == ast.dump(ast.parse(ast.unparse(tree)))
    kept = Counter[str]()
    for (line, text), count in comments(source).items():
        if line not in gone:
            kept[text] += count
    assert not kept - Counter(text for _, text in comments(result).elements())
    matcher = difflib.SequenceMatcher(None, lines_of(source), lines_of(result), autojunk=False)
    touched = sum(end - start for tag, start, end, _, _ in matcher.get_opcodes() if tag != "equal")
    assert touched <= sum(one.lines for one in picked)


def begins_at(source: str, line: int, column: int) -> list[ast.expr]:
    """The expressions that begin at a place, the largest first."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.expr)
        and node.lineno == line
        and place_of(source, node)[1] == column
    ]


def again(source: str, result: str, operation: Operation) -> Operation | None:
    """The same once more for the edited source, where it still has its place."""
    if isinstance(operation, ChangeValue):
        node = begins_at(result, *operation.literal[:2])[-1]
        return ChangeValue(place_of(result, node), operation.value, operation.text)
    if isinstance(operation, AddArgument):
        for node in begins_at(result, *operation.call[:2]):
            if isinstance(node, ast.Call) and operation.key in [k.arg for k in node.keywords]:
                return AddArgument(place_of(result, node), operation.key, operation.value)
    if isinstance(operation, RenameKey):
        line, column, _, end = operation.key
        quotes = 2 * (slice_of(source, operation.key)[0] in "'\"")
        end = column + len(operation.name) + quotes
        return RenameKey((line, column, line, end), operation.name)
    return None


def slice_of(source: str, key: Place) -> str:
    line, column, _, end = key
    return source.replace("\r\n", "\n").split("\n")[line - 1][column - 1 : end - 1]


@RANDOM
@given(st.randoms(use_true_random=False))
def test_doing_it_again_changes_nothing_or_is_refused(random: Random) -> None:
    source = Modules(random).module()
    changes = list(Changes(source, ast.parse(source), random).all())
    wanted = [one.operation for one in changes]
    kinds = (ChangeValue, RenameKey, AddArgument)
    for operation in random.sample(wanted, min(4, len(wanted))):
        if not isinstance(operation, kinds):
            continue
        result = edited(source, [operation])
        repeated = again(source, result, operation)
        assert repeated is not None
        if isinstance(repeated, AddArgument):
            with pytest.raises(CannotWrite, match=f"has the key {repeated.key} already"):
                render(result, [repeated])
        else:
            assert render(result, [repeated]) == ()
