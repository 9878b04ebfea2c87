"""The abstract values and objects of the interpreter.

A value is frozen; what can be mutated (dicts, lists, instances, classes) lives in the
heap and is reached by `Ref`, so that aliases stay aliases. Heap objects are replaced, never
changed, so that a branch can be undone by putting the old object back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from oncelint.model import ir
from oncelint.model.values import ComputedKind, Scalar


@dataclass(frozen=True, slots=True)
class At:
    """A place in a project file; `turn` counts how often a call there has been run before, so
    that what two runs give is not taken for one value."""

    path: str
    place: ir.Place
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Lit:
    """A literal and where it is written; `pieces` map a long string to its source."""

    value: Scalar
    at: At | None = None
    pieces: tuple[tuple[int, int, ir.Place], ...] = ()


@dataclass(frozen=True, slots=True)
class Comp:
    """Text computed at run time. `kinds` tells its sources; empty when a part is unknown.

    `sites` are the consumers whose records' data is part of it.
    """

    template: str
    kinds: frozenset[ComputedKind]
    at: At | None = None
    sites: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Unk:
    """Something unknown, and why; `present` when it is certain that there is a value."""

    reason: str
    at: At | None = None
    present: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """The absence of a dict entry or name in one branch of a choice."""


@dataclass(frozen=True, slots=True)
class Phi:
    """A value that depends on a choice: (branch label, value) pairs."""

    choice: str
    branches: tuple[tuple[str, Abs], ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A heap object."""

    id: int


@dataclass(frozen=True, slots=True)
class Ext:
    """A module, class or function of a library outside the project, by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a library's call gave back: `path` tells how it was come by,
    `psycopg2.connect().cursor()` for instance; `made_from` are the values it was made from."""

    path: str
    made_from: tuple[Abs, ...] = ()
    at: At | None = None


@dataclass(frozen=True, slots=True)
class Mod:
    """A module of the project, by path."""

    path: str


@dataclass(frozen=True, slots=True)
class Fn:
    """A project function with its closure frame; `bound` is self or cls, `defaults` are the
    values that parameters left out take, evaluated where the function is defined."""

    path: str
    node: ir.Function | ir.Lambda
    frame: int
    bound: Abs | None = None
    owner: Ref | None = None
    defaults: tuple[tuple[str, Abs], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """functools.partial and kin: a callable with some arguments given; `open` says why there may
    be more of them than are seen."""

    func: Abs
    args: tuple[Abs, ...]
    keywords: tuple[tuple[str, Abs], ...]
    open: str | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of something that is no project instance, not yet called."""

    receiver: Abs
    name: str
    at: At | None = None


@dataclass(frozen=True, slots=True)
class Super:
    instance: Abs
    owner: Ref


@dataclass(frozen=True, slots=True)
class KafkaClient:
    """A client made at a construction site (index into the trace's sites)."""

    site: int


@dataclass(frozen=True, slots=True)
class Rec:
    """Something derived from a consumed record; `sites` are the consumers it may come from."""

    sites: frozenset[int]
    part: str = "record"


@dataclass(frozen=True, slots=True)
class Items:
    """A list or dict's values as they were when something was written down, out of the heap."""

    items: tuple[Abs, ...]
    exact: bool
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """A name imported from a project module that has not been looked up yet: only then is that
    module run. `dotted` is what the name means when the module does not define it."""

    path: str
    name: str
    dotted: str | None
    at: At


@dataclass(frozen=True, slots=True)
class Built:
    """An instance as it was when something was written down: its class and its fields."""

    cls: Ref
    fields: tuple[tuple[str, Abs], ...]


@dataclass(frozen=True, slots=True)
class File:
    """An opened project file or a path to one, as literal path text.

    A `rooted` path begins at the project root (it comes from `__file__`), any other where the
    program is started.
    """

    path: str
    opened: bool = False
    rooted: bool = False


Abs: TypeAlias = (
    "Lit | Comp | Unk | Missing | Phi | Ref | Ext | Foreign | Mod | Fn | Part | Bound | Super"
    " | KafkaClient | Rec | File | Items | Built | Imported"
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A dict entry: its value and the place of its key."""

    value: Abs
    key_at: At | None


@dataclass(frozen=True, slots=True)
class Twice:
    """A key written twice in one display."""

    key: str
    first: At
    second: At


@dataclass(frozen=True, slots=True)
class DictObj:
    """A dict with text keys; `open` says why it may hold more than is seen.

    `home` is where it is written: a display, a `dict(…)` call, a mapping of a file.
    """

    slots: dict[str, Slot]
    open: str | None = None
    twice: tuple[Twice, ...] = ()
    environment: bool = False
    home: At | None = None


@dataclass(frozen=True, slots=True)
class ListObj:
    """A list, tuple or set; not `exact` when elements may be missing or repeated."""

    items: tuple[Abs, ...]
    exact: bool = True
    generated: bool = False


@dataclass(frozen=True, slots=True)
class ClassObj:
    """A project class; `bases` in order, project classes as Ref, others as Ext or Unk."""

    name: str
    path: str
    node: ir.Class
    bases: tuple[Abs, ...]
    attrs: dict[str, Abs]
    annotations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstanceObj:
    """An instance of a project class. `client` is set when the class derives from a client."""

    cls: Ref
    attrs: dict[str, Abs]
    client: KafkaClient | None = None
    open: str | None = None


Obj: TypeAlias = "DictObj | ListObj | ClassObj | InstanceObj"

MAX_BRANCHES = 12


def phi(choice: str, branches: list[tuple[str, Abs]]) -> Abs:
    """A choice between values; equal values are no choice, too many are unknown."""
    first = branches[0][1]
    if all(_same(first, value) for _, value in branches[1:]):
        return first
    if sum(leaves(value) for _, value in branches) > MAX_BRANCHES:
        return Unk("too many possibilities")
    return Phi(choice, tuple(branches))


def leaves(value: Abs) -> int:
    if isinstance(value, Phi):
        return sum(leaves(branch) for _, branch in value.branches)
    return 1


def _same(one: Abs, other: Abs) -> bool:
    if one is other:
        return True
    if isinstance(one, Lit) and isinstance(other, Lit):
        return one.value == other.value and type(one.value) is type(other.value)
    if isinstance(one, Fn) or isinstance(other, Fn):
        return (
            isinstance(one, Fn)
            and isinstance(other, Fn)
            and one.node is other.node
            and one.bound == other.bound
        )
    return type(one) is type(other) and one == other


def describe(value: Abs) -> str:
    """A value in a few words, for reasons."""
    if isinstance(value, Unk):
        return value.reason
    if isinstance(value, Bound):
        return f"{describe(value.receiver)}.{value.name}"
    if isinstance(value, Ext):
        return value.name
    if isinstance(value, Foreign):
        return value.path
    if isinstance(value, Phi):
        return value.choice
    if isinstance(value, Fn):
        return value.node.name if isinstance(value.node, ir.Function) else "a lambda"
    return "a value that is not known"


# What lives in the heap and is no value itself.
OBJECTS = (DictObj, ListObj, ClassObj, InstanceObj)
