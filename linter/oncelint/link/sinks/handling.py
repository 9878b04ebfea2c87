"""Which of the exceptions caught around a write let the consume loop go on.

The interpreter writes down all that are caught on the way. A handler that raises, exits or returns
out of the loop's function, or that stands around the loop, ends the consumer all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from oncelint.flow.modules import Modules
from oncelint.flow.values import At
from oncelint.link.outline import covers, last_name, walk
from oncelint.link.sinks.lookups import scope_of, statements
from oncelint.model import ir

_EXITS = frozenset({"exit", "_exit", "quit", "abort"})


def going_on(
    modules: Modules,
    handlers: Sequence[str],
    sites: Sequence[At],
    loop: At,
    *,
    called: bool = False,
) -> tuple[str, ...]:
    """Those of the `handlers` behind which the loop takes the next record.

    `sites` are the calls that lead to the write, outermost first, and the write itself. Where none
    of them is seen in the loop, all handlers count. With `called` the loop is a function that a
    framework calls with records: it goes on when the function returns.
    """
    inside = [
        index
        for index, site in enumerate(sites)
        if site.path == loop.path and covers(loop.place, site.place)
    ]
    if not inside:
        return tuple(handlers)
    entry = inside[-1]
    ending: Counter[str] = Counter()
    for index, site in enumerate(sites):
        module = modules.get(site.path)
        if module is None:
            continue
        scope, _ = scope_of(module.body, (), site.place)
        for stmt, in_loop in _tries(scope, site.place, False):
            around = index <= entry and not in_loop and not called
            for handler in stmt.handlers:
                if around or _ends(handler, index == entry and not called):
                    ending.update((last_name(kind) or "") for kind in handler.types)
                    ending.update(() if handler.types else ("*",))
    kept: list[str] = []
    for name in handlers:
        last = name.rpartition(".")[2]
        if ending[last]:
            ending[last] -= 1
        else:
            kept.append(name)
    return tuple(kept)


# What sends the rows that were added to a mapper's session, one by one or all at once.
_SENDS = frozenset({"flush", "commit"})


def caught_when_sent(
    modules: Modules, sites: Sequence[At], handlers: Sequence[str], catches: Callable[[str], bool]
) -> bool:
    """Whether the flush or commit behind an added row, in one of the functions that lead to it,
    catches what `catches` says, or makes another exception of it that is among `handlers`."""
    around = {name.rpartition(".")[2] for name in handlers}
    for site in sites:
        module = modules.get(site.path)
        scope = scope_of(module.body, (), site.place)[0] if module is not None else ()
        for stmt in statements(scope):
            if not isinstance(stmt, ir.Try) or not site.place[:2] < stmt.place[2:]:
                continue
            if not any(_sends(part, site.place) for part in stmt.body):
                continue
            for handler in stmt.handlers:
                if any(catches(last_name(kind) or "") for kind in handler.types):
                    return all(
                        _raised(one) in around
                        for one in statements(handler.body)
                        if isinstance(one, ir.Raise)
                    )
    return False


def _sends(stmt: ir.Stmt, behind: ir.Place) -> bool:
    return any(
        isinstance(one, ir.Call)
        and (last_name(one.func) or "") in _SENDS
        and one.place[:2] > behind[:2]
        for one in walk(stmt)
    )


def _raised(stmt: ir.Raise) -> str:
    """The name of what is raised; empty where what was caught is raised again."""
    value = stmt.value.func if isinstance(stmt.value, ir.Call) else stmt.value
    return (last_name(value) or "") if value is not None else ""


def _tries(body: tuple[ir.Stmt, ...], at: ir.Place, in_loop: bool) -> Iterator[tuple[ir.Try, bool]]:
    """The try statements around a place, and whether a loop of the function is around them."""
    for stmt in body:
        if not covers(stmt.place, at):
            continue
        if isinstance(stmt, ir.Try):
            if any(covers(one.place, at) for one in stmt.body):
                yield stmt, in_loop
            yield from _tries(stmt.body, at, in_loop)
            for handler in stmt.handlers:
                yield from _tries(handler.body, at, in_loop)
            yield from _tries((*stmt.orelse, *stmt.final), at, in_loop)
        elif isinstance(stmt, ir.Match):
            for _, case in stmt.cases:
                yield from _tries(case, at, in_loop)
        elif isinstance(stmt, (ir.If, ir.Loop)):
            looping = in_loop or isinstance(stmt, ir.Loop)
            yield from _tries((*stmt.body, *stmt.orelse), at, looping)
        elif isinstance(stmt, ir.With):
            yield from _tries(stmt.body, at, in_loop)


def _ends(handler: ir.Handler, in_loop: bool) -> bool:
    """Whether a handler always leaves the loop: it raises, exits, or returns from its function."""
    for stmt in handler.body:
        if isinstance(stmt, ir.Raise) or (in_loop and isinstance(stmt, ir.Return)):
            return True
        if isinstance(stmt, ir.Evaluate) and isinstance(stmt.value, ir.Call):
            if (last_name(stmt.value.func) or "") in _EXITS:
                return True
    return False
