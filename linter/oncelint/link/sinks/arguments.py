"""Reading the arguments of a recorded call, and where its receiver came from."""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, Bound, Built, Comp, Ext, File, Foreign, Items, Lit, Phi


def argument(execution: Execution, named: str) -> Abs | None:
    """The argument `name:index`, by keyword or by position; a bare name goes by keyword alone."""
    name, _, index = named.partition(":")
    if not name:
        return None
    given = dict(execution.keywords).get(name)
    if given is None and index and int(index) < len(execution.args):
        given = execution.args[int(index)]
    return given


def way(receiver: Abs) -> str:
    """How a receiver was come by, `pymongo.MongoClient()[]` for instance; empty when that is not
    known. Of a choice between a client and nothing it is the client's way."""
    if isinstance(receiver, Foreign):
        return receiver.path
    if isinstance(receiver, Ext):
        return receiver.name
    if isinstance(receiver, Bound):
        base = way(receiver.receiver)
        return f"{base}.{receiver.name}" if base else ""
    if isinstance(receiver, Phi):
        ways = {way(one) for _, one in receiver.branches if not _nothing(one)}
        return ways.pop() if len(ways) == 1 else ""
    return ""


def made_from(receiver: Abs) -> tuple[Abs, ...]:
    """The values a receiver was made from, those of the steps on its way included."""
    if isinstance(receiver, Foreign):
        return receiver.made_from
    if isinstance(receiver, Bound):
        return made_from(receiver.receiver)
    if isinstance(receiver, Phi):
        return next((made_from(one) for _, one in receiver.branches if way(one)), ())
    return ()


def _nothing(value: Abs) -> bool:
    return isinstance(value, Lit) and value.value is None


def comes_from(path: str, packages: tuple[str, ...]) -> bool:
    """Whether a way begins in one of some packages, modules or classes."""
    return any(
        path.startswith(one) and path[len(one) : len(one) + 1] in ("", ".", "(", "[")
        for one in packages
    )


def text(value: Abs | None) -> str | None:
    """A literal text, or one with its computed parts in braces."""
    if isinstance(value, Lit) and isinstance(value.value, str):
        return value.value
    if isinstance(value, Comp):
        return value.template
    if isinstance(value, File):
        return value.path
    return None


def entries(value: Abs | None) -> dict[str, Abs]:
    """The entries of a dict that are seen; of a list of dicts, those of its first."""
    if isinstance(value, Phi):
        return next((found for _, one in value.branches if (found := entries(one))), {})
    if not isinstance(value, Items):
        return {}
    if value.keys:
        return dict(zip(value.keys, value.items, strict=False))
    return entries(value.items[0]) if value.items else {}


def whole(value: Abs | None) -> bool:
    """Whether every entry of a dict is seen; of a list of dicts, of its first."""
    if isinstance(value, Items):
        if not value.keys and value.items:
            return whole(value.items[0])
        return value.exact
    return False


def fields(value: Abs | None) -> dict[str, Abs]:
    """The fields of an instance as far as they are seen."""
    return dict(value.fields) if isinstance(value, Built) else {}


def parts(value: Abs | None, depth: int = 0) -> Iterator[Abs]:
    """A value and everything it is made of."""
    if value is None or depth > 6:
        return
    yield value
    inner: tuple[Abs, ...] = ()
    if isinstance(value, Items):
        inner = value.items
    elif isinstance(value, Foreign):
        inner = value.made_from
    elif isinstance(value, Built):
        inner = tuple(one for _, one in value.fields)
    elif isinstance(value, Phi):
        inner = tuple(one for _, one in value.branches)
    elif isinstance(value, Bound):
        inner = (value.receiver,)
    for one in inner:
        yield from parts(one, depth + 1)


def is_given(value: Abs | None) -> bool:
    """Whether an argument is there and is not None."""
    return value is not None and not _nothing(value)
