"""What the rounds of a loop have in common, and what tells them apart."""

from __future__ import annotations

from collections.abc import Sequence

from oncelint.link.outline import Level, Node, Outline, dotted, last_name, names, walk
from oncelint.model import ir

_WRITES = frozenset({"produce", "send", "send_and_wait"})
# A range up to this is a list of cases, not of records.
_MANY = 10
# A loop that sleeps for so many seconds in each round is a schedule.
_LONG_PAUSE_S = 30.0


def derived_from(level: Level, node: Node) -> set[str]:
    """The names that an expression is made of, directly or through other names."""
    found = names(node)
    if level.function is None:
        return found
    for _ in range(2):
        for one in walk(level.function):
            if isinstance(one, ir.Assign) and one.value is not None:
                for target in one.targets:
                    base = target.base if isinstance(target, ir.Subscript) else target
                    if isinstance(base, ir.Name) and base.id in found:
                        found |= names(one.value)
    return found


def few_rounds(level: Level, loop: ir.Loop) -> bool:
    """Whether a loop is over what the program itself lists: a display, a short range, settings."""
    if loop.iter is None:
        return False
    return _listed(level, loop.iter, 3)


def _listed(level: Level, node: Node, depth: int) -> bool:
    if isinstance(node, (ir.ListDisplay, ir.Dict)):
        return True
    if isinstance(node, ir.Call):
        func = last_name(node.func)
        if func == "range":
            last = node.args[-1] if len(node.args) < 3 else node.args[1]
            short = isinstance(last, ir.Const) and isinstance(last.value, int)
            return short and last.value <= _MANY  # type: ignore[union-attr,operator]
        if func in ("items", "keys", "values") and isinstance(node.func, ir.Attribute):
            return _listed(level, node.func.base, depth)
        if func in ("enumerate", "zip", "sorted", "list", "tuple", "set", "product", "reversed"):
            return bool(node.args) and all(_listed(level, one, depth) for one in node.args)
        return func in ("split", "getenv", "product", "combinations", "permutations")
    if isinstance(node, ir.Name) and depth > 0:
        if node.id.isupper():
            return True
        values = [
            one.value
            for stmt in level.outline.module.body
            for one in walk(stmt)
            if isinstance(one, ir.Assign)
            and one.value is not None
            and any(isinstance(t, ir.Name) and t.id == node.id for t in one.targets)
        ]
        return bool(values) and all(_listed(level, one, depth - 1) for one in values)
    if isinstance(node, (ir.Attribute, ir.Subscript)):
        words = dotted(node if isinstance(node, ir.Attribute) else node.base).lower()
        return any(word in words for word in ("settings", "config", "conf", "args", "options"))
    return False


def pauses(loop: ir.Loop) -> bool:
    """Whether a loop sleeps so long in each round that it is no loop over records."""
    for node in walk(loop):
        if isinstance(node, ir.Call) and last_name(node.func) == "sleep" and node.args:
            first = node.args[0]
            value = first.value if isinstance(first, ir.Const) else None
            if isinstance(value, (int, float)) and value >= _LONG_PAUSE_S:
                return True
    return False


def makes_consumer(loop: ir.Loop) -> bool:
    """Whether a loop makes its consumer too: it restarts everything after an error."""
    return any(
        isinstance(node, ir.Call) and (last_name(node.func) or "").endswith("Consumer")
        for stmt in loop.body
        for node in walk(stmt)
    )


def succeeds_once(outline: Outline, loop: ir.Loop, node: Node) -> bool:
    """Whether a loop ends with the first round that succeeds, as a retry does."""
    for holder, child in outline.around(node):
        blocks = [getattr(holder, name, ()) for name in ("body", "orelse")]
        for block in blocks:
            if not isinstance(block, tuple) or not any(child is one for one in block):
                continue
            after = block[[child is one for one in block].index(True) :]
            if any(leaves(one) for one in after):
                return True
            if isinstance(holder, ir.Try) and any(leaves(one) for one in holder.orelse):
                return True
        if holder is loop:
            return False
    return False


def leaves(stmt: Node) -> bool:
    """Whether a statement may end the loop it stands in, by a return or a break."""
    if isinstance(stmt, ir.With):
        return any(leaves(one) for one in stmt.body)
    if isinstance(stmt, ir.Try):
        return any(leaves(one) for one in (*stmt.body, *stmt.orelse))
    return isinstance(stmt, ir.Return) or (isinstance(stmt, ir.Jump) and stmt.kind == "break")


def gets_varied(call: ir.Call, function: ir.Function, wanted: set[str], varied: set[str]) -> bool:
    """Whether any wanted parameter gets something that changes from round to round."""
    params = [one.name for one in function.params if one.kind == "positional"]
    if params and params[0] in ("self", "cls"):
        params = params[1:]
    pairs = [
        *zip(params, call.args, strict=False),
        *((one.name, one.value) for one in call.keywords),
    ]
    return any(name in wanted and names(value) & varied for name, value in pairs)


def sends_to_each(sends: Sequence[Node], targets: set[str]) -> bool:
    """Whether a loop over topics sends to each of them."""
    return any(
        isinstance(node, ir.Call)
        and node.args
        and names(node.args[0]) & targets
        and last_name(node.func) in _WRITES
        for node in sends
    )
