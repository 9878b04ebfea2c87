"""What else a program does for a record beside one call, as far as its text tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from oncelint.model.ir import Place
from oncelint.patches import CannotWrite
from oncelint.python.editing.source import Source

# Calls that leave nothing behind outside the program: conversions, reading the record, the
# connection's own, telling.
_HARMLESS = frozenset(
    {"commit", "rollback", "cursor", "close", "connect", "begin", "connection", "acquire"}
    | {"transaction", "Session", "sessionmaker", "create_engine", "create_pool", "getconn", "flush"}
    | {
        "loads",
        "decode",
        "encode",
        "get",
        "value",
        "key",
        "topic",
        "partition",
        "offset",
        "headers",
    }
    | {"error", "timestamp", "poll", "consume", "subscribe", "getone", "getmany", "items", "keys"}
    | {"values", "print", "debug", "info", "warning", "exception", "log", "int", "str", "float"}
    | {"bool", "dict", "list", "tuple", "set", "len", "isinstance", "format", "strip", "split"}
    | {"lower", "upper", "join", "append", "extend", "range", "enumerate", "zip", "min", "max"}
    | {"round", "sum", "sorted", "abs", "utcnow", "now", "time", "sleep", "isoformat", "Decimal"}
    | {"fromtimestamp", "text", "insert", "SQL", "Identifier", "literal_column", "code", "type"}
    | {"KafkaConsumer", "AIOKafkaConsumer", "Consumer", "start", "stop", "atomic", "transaction"}
    | {"on_conflict_do_nothing", "dumps", "Json", "Jsonb", "uuid4", "hexdigest", "sha256", "id"}
)


_READS = re.compile(r"\s*(?:SELECT|CREATE|PRAGMA|SET|SHOW|EXPLAIN)\b", re.I)


def other_effect(text: str, places: Sequence[Place]) -> str | None:
    """The first call beside those at `places` that may do something for a record as well, by name:
    in the loops the places stand in, or where there is none in their functions. None when there is
    none, or when the text cannot be parsed."""
    try:
        file = Source(text)
        wanted = [file.offsets(place) for place in places]
    except CannotWrite:
        return None
    parents = {child: node for node in ast.walk(file.tree) for child in ast.iter_child_nodes(node)}
    calls = {
        (file.start_of(node), file.end_of(node)): node  # type: ignore[arg-type]
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call)
    }
    for span in wanted:
        node = calls.get(span)
        if node is None:
            continue
        for call in _calls(_around(node, parents)):
            begin, end = file.start_of(call), file.end_of(call)  # type: ignore[arg-type]
            if any(left <= begin and end <= right for left, right in wanted):
                continue
            if any(begin <= left and right <= end for left, right in wanted):
                continue
            name = _name(call.func)
            if name not in _HARMLESS and not _only_reads(call):
                return name or "a call"
    return None


def _calls(around: ast.AST) -> Iterator[ast.Call]:
    """The calls in a loop, a function or a module, the functions and classes it defines apart."""
    pending = list(ast.iter_child_nodes(around))
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Call):
            yield node
        pending.extend(ast.iter_child_nodes(node))


def _only_reads(call: ast.Call) -> bool:
    """Whether a call executes a statement that writes no rows."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Call) and first.args:
        first = first.args[0]  # text("…")
    text = first.value if isinstance(first, ast.Constant) else None
    return isinstance(text, str) and _READS.match(text) is not None


def _around(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """The innermost loop around a node, or where there is none its function or the module."""
    held: ast.AST = node
    while held in parents:
        held = parents[held]
        if isinstance(
            held, (ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef)
        ):
            return held
    return held


def _name(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""
