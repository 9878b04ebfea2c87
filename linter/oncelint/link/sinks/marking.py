"""Whether the mark of a processed record is committed before what it marks is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oncelint.flow.modules import Modules
from oncelint.flow.trace import Execution
from oncelint.link.outline import covers
from oncelint.link.sinks.lookups import scope_of
from oncelint.model import ir


def committed_between(
    modules: Modules, entry: Execution, commits: Iterable[Execution], then: Execution
) -> Execution | None:
    """The database's commit that comes on every way from an entry to the write behind it.

    All three stand in one function. A commit in a branch that does not lead to the write is none.
    """
    path = entry.at.path
    module = modules.get(path)
    if module is None or then.at.path != path or len(entry.path) != len(then.path):
        return None
    scope, _ = scope_of(module.body, (), entry.at.place)
    if scope_of(module.body, (), then.at.place)[0] is not scope:
        return None
    for one in commits:
        place = one.at.place
        if one.at.path != path or not entry.at.place[:2] < place[:2] < then.at.place[:2]:
            continue
        if any(_leads(block, place, then.at.place) for block in _blocks(scope)):
            return one
    return None


def _leads(block: tuple[ir.Stmt, ...], first: ir.Place, then: ir.Place) -> bool:
    """Whether a call is a statement of a block, and a later one of the block holds another."""
    at = next(
        (
            index
            for index, stmt in enumerate(block)
            if isinstance(stmt, ir.Evaluate) and covers(stmt.place, first)
        ),
        None,
    )
    return at is not None and any(covers(stmt.place, then) for stmt in block[at + 1 :])


def _blocks(body: tuple[ir.Stmt, ...]) -> Iterator[tuple[ir.Stmt, ...]]:
    """A body and the blocks nested in it, those of other functions not."""
    yield body
    for stmt in body:
        if isinstance(stmt, (ir.If, ir.Loop)):
            yield from _blocks(stmt.body)
            yield from _blocks(stmt.orelse)
        elif isinstance(stmt, ir.With):
            yield from _blocks(stmt.body)
        elif isinstance(stmt, ir.Try):
            inner = (stmt.body, stmt.orelse, stmt.final, *(one.body for one in stmt.handlers))
            for block in inner:
                yield from _blocks(block)
