"""Mutations of a correct pipeline: each takes one of the things away that make it correct."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tests.rewrites.source import Source

Mutation: TypeAlias = Callable[[Source], "dict[str, str | None] | None"]

_CLAUSE = re.compile(r"\s*ON CONFLICT.*$", re.S)
_TAKEN = re.compile(r"(\w+) = EXCLUDED\.\1")


def _done(source: Source, done: bool) -> dict[str, str | None] | None:
    return {source.path: source.rendered()} if done else None


def _texts(source: Source) -> Iterator[tuple[ast.Constant, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body


def _calls(node: ast.AST, *methods: str) -> bool:
    """Whether a statement is nothing but a call of one of these methods, awaited or not."""
    value = node.value if isinstance(node, ast.Expr) else None
    value = value.value if isinstance(value, ast.Await) else value
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in methods
    )


def _is_commit(stmt: ast.stmt) -> bool:
    return _calls(stmt, "commit") and "consumer" in ast.unparse(stmt)


def without_the_clause(source: Source) -> dict[str, str | None] | None:
    """The INSERT loses its ON CONFLICT clause."""
    done = False
    for node, text in _texts(source):
        node.value = _CLAUSE.sub("", text)
        done = done or node.value != text
    return _done(source, done)


def counting(source: Source) -> dict[str, str | None] | None:
    """The upsert adds to the row that is there instead of replacing it."""
    done = False
    for node, text in _texts(source):
        table = re.search(r"INSERT INTO (\w+)", text)
        if table is not None:
            node.value = _TAKEN.sub(rf"\1 = {table[1]}.\1 + EXCLUDED.\1", text)
            done = done or node.value != text
    return _done(source, done)


def commit_first(source: Source) -> dict[str, str | None] | None:
    """The commit changes places with the statement before it, the work."""
    for body in _bodies(source.tree):
        for index, stmt in enumerate(body):
            if index and _is_commit(stmt) and not isinstance(body[index - 1], (ast.If, ast.Assign)):
                body[index - 1], body[index] = stmt, body[index - 1]
                return _done(source, True)
    return None


def made_up_key(source: Source) -> dict[str, str | None] | None:
    """The first value of the row, its key, is another one each time."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr != "execute" or len(node.args) < 2:
            continue
        made_up = ast.parse("str(uuid.uuid4())", mode="eval").body
        if isinstance(node.args[1], ast.Tuple):
            node.args[1].elts[0] = made_up
        else:
            node.args[1] = made_up
        source.tree.body.insert(1, ast.parse("import uuid").body[0])
        return _done(source, True)
    return None


def swallowing(source: Source) -> dict[str, str | None] | None:
    """What the work raises is logged, and the loop goes on."""
    for body in _bodies(source.tree):
        for index, stmt in enumerate(body):
            if index and _is_commit(stmt) and not isinstance(body[index - 1], (ast.If, ast.Assign)):
                attempt = ast.parse(
                    "try:\n    pass\nexcept Exception:\n    log.exception('failed')"
                )
                tried = attempt.body[0]
                assert isinstance(tried, ast.Try)
                tried.body = [body[index - 1]]
                body[index - 1] = tried
                return _done(source, True)
    return None


def own_offset(source: Source) -> dict[str, str | None] | None:
    """The offset that is committed is the record's own, not the next one."""
    done = False

    class Plain(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            nonlocal done
            if isinstance(node.op, ast.Add) and "offset" in ast.unparse(node.left):
                done = True
                return node.left
            return node

    source.tree = Plain().visit(source.tree)
    return _done(source, done)


def without_the_header(source: Source) -> dict[str, str | None] | None:
    """The POST carries no key of its own."""
    done = False
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            kept = [one for one in node.keywords if one.arg != "headers"]
            done, node.keywords = done or len(kept) < len(node.keywords), kept
    return _done(source, done)


def made_up_header(source: Source) -> dict[str, str | None] | None:
    """The POST's key is another one each time."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.keyword) and node.arg == "headers":
            node.value = ast.parse('{"Idempotency-Key": str(uuid.uuid4())}', mode="eval").body
            source.tree.body.insert(1, ast.parse("import uuid").body[0])
            return _done(source, True)
    return None


def handed_over(source: Source) -> dict[str, str | None] | None:
    """The work is done in a thread of its own, and nothing waits for it."""
    for body in _bodies(source.tree):
        for index, stmt in enumerate(body):
            if not (index and _is_commit(stmt)):
                continue
            work = body[index - 1]
            call = work.value if isinstance(work, ast.Expr) else None
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            given = ", ".join(ast.unparse(one) for one in call.args)
            started = f"threading.Thread(target={call.func.id}, args=({given},)).start()"
            body[index - 1] = ast.parse(started).body[0]
            source.tree.body.insert(1, ast.parse("import threading").body[0])
            return _done(source, True)
    return None


def _without(source: Source, *methods: str) -> dict[str, str | None] | None:
    for body in _bodies(source.tree):
        for index, stmt in enumerate(body):
            if _calls(stmt, *methods):
                body[index] = ast.Pass()
                return _done(source, True)
    return None


def without_flush(source: Source) -> dict[str, str | None] | None:
    """Nothing waits until the records are there before the offset is committed."""
    return _without(source, "flush")


def without_sent_offsets(source: Source) -> dict[str, str | None] | None:
    """No offset goes with the transaction."""
    return _without(source, "send_offsets_to_transaction")


def committed_by_the_consumer(source: Source) -> dict[str, str | None] | None:
    """The offset is committed by the consumer, not in the transaction."""
    for body in _bodies(source.tree):
        for index, stmt in enumerate(body):
            if _calls(stmt, "send_offsets_to_transaction"):
                body[index] = ast.parse("consumer.commit(message=message)").body[0]
                return _done(source, True)
    return None


def without_abort(source: Source) -> dict[str, str | None] | None:
    """A transaction that fails is left open, and the loop goes on."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and any(
            _calls(stmt, "abort_transaction") for stmt in node.body
        ):
            node.body = [
                stmt
                for stmt in node.body
                if not _calls(stmt, "abort_transaction") and not isinstance(stmt, ast.Raise)
            ]
            return _done(source, True)
    return None


def producer_in_the_loop(source: Source) -> dict[str, str | None] | None:
    """Each record gets a producer of its own."""
    for body in _bodies(source.tree):
        made = next(
            (
                stmt
                for stmt in body
                if isinstance(stmt, ast.Assign) and ast.unparse(stmt.value).startswith("Producer(")
            ),
            None,
        )
        loop = next((stmt for stmt in body if isinstance(stmt, ast.While)), None)
        if made is not None and loop is not None and "transactional.id" not in ast.unparse(made):
            body.remove(made)
            loop.body.insert(2, made)
            return _done(source, True)
    return None


def random_group(source: Source) -> dict[str, str | None] | None:
    """The group is another one after every start."""
    for node in ast.walk(source.tree):
        made_up = ast.parse("f'group-{uuid.uuid4()}'", mode="eval").body
        done = False
        if isinstance(node, ast.keyword) and node.arg == "group_id":
            node.value, done = made_up, True
        if isinstance(node, ast.Dict):
            for index, key in enumerate(node.keys):
                if isinstance(key, ast.Constant) and key.value == "group.id":
                    node.values[index], done = made_up, True
        if done:
            source.tree.body.insert(1, ast.parse("import uuid").body[0])
            return _done(source, True)
    return None


# Each mutation with the rule that must speak of it.
MUTATIONS: dict[str, tuple[Mutation, str]] = {
    "without the clause": (without_the_clause, "insert-without-conflict-key"),
    "counting": (counting, "non-idempotent-update"),
    "commit first": (commit_first, "commit-before-processing"),
    "made-up key": (made_up_key, "conflict-key-not-from-record"),
    "swallowing": (swallowing, "failed-record-overtaken"),
    "own offset": (own_offset, "commit-off-by-one"),
    "without the header": (without_the_header, "external-call-without-idempotency-key"),
    "made-up header": (made_up_header, "external-call-without-idempotency-key"),
    "handed over": (handed_over, "commit-before-async-work-done"),
    "without flush": (without_flush, "commit-before-async-work-done"),
    "without sent offsets": (without_sent_offsets, "offsets-not-committed"),
    "committed by the consumer": (
        committed_by_the_consumer,
        "offsets-committed-outside-transaction",
    ),
    "without abort": (without_abort, "transaction-never-aborted"),
    "producer in the loop": (producer_in_the_loop, "producer-recreated-per-record"),
    "random group": (random_group, "unstable-group-id"),
}
