"""The abstract values and objects of the interpreter.

A value is frozen; what can be mutated (dicts, lists, instances, classes) lives in the
heap and is reached by `Ref`, so that aliases stay aliases. Heap objects are replaced, never
changed, so that a branch can be undone by putting the old object back.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from oncelint.model import ir
from oncelint.model.values import ComputedKind, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda decorator: decorator


T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """A slotted class whose instances are told apart by their fields.

    They are made by the hundred thousand: what frozen dataclasses generate for each class takes
    three times as long, both to define and to make an instance, so that freezing is left to the
    type checker.
    """
    made = dataclass(slots=True, eq=False)(cls)
    names: tuple[str, ...] = made.__slots__  # type: ignore[attr-defined]
    fields: Callable[[object], object] = attrgetter(*names) if names else lambda one: None

    def equal(self: object, other: object) -> Any:
        if type(other) is not made:
            return NotImplemented
        return self is other or fields(self) == fields(other)

    def hashed(self: object) -> int:
        return hash(fields(self))

    made.__eq__ = equal  # type: ignore[method-assign]
    made.__hash__ = hashed  # type: ignore[method-assign]
    return made


@value
class At:
    """A place in a project file; `turn` counts how often a call there has been run before, so
    that what two runs give is not taken for one value."""

    path: str
    place: ir.Place
    turn: int = 0


@value
class Lit:
    """A literal and where it is written; `pieces` map a long string to its source."""

    value: Scalar
    at: At | None = None
    pieces: tuple[tuple[int, int, ir.Place], ...] = ()


# Parts of a record; "other" stands for the rest of a value that was not followed.
RecordPart: TypeAlias = Literal[
    "key", "value", "topic", "partition", "offset", "headers", "timestamp", "other"
]
SourceKind: TypeAlias = Literal[ComputedKind, RecordPart, "sequence", "hash"]


@value
class Comp:
    """Text computed at run time. `kinds` tells its sources; empty when a part is unknown.

    `sites` are the consumers whose records' data is part of it.
    """

    template: str
    kinds: frozenset[SourceKind]
    at: At | None = None
    sites: frozenset[int] = frozenset()


@value
class Unk:
    """Something unknown, and why; `present` when it is certain that there is a value."""

    reason: str
    at: At | None = None
    present: bool = False


@value
class Missing:
    """The absence of a dict entry or name in one branch of a choice."""


@value
class Phi:
    """A value that depends on a choice: (branch label, value) pairs."""

    choice: str
    branches: tuple[tuple[str, Abs], ...]


@value
class Ref:
    """A heap object."""

    id: int


@value
class Ext:
    """A module, class or function of a library outside the project, by its dotted name."""

    name: str


@value
class Foreign:
    """What a library's call gave back: `path` tells how it was come by,
    `psycopg2.connect().cursor()` for instance; `made_from` are the values it was made from."""

    path: str
    made_from: tuple[Abs, ...] = ()
    at: At | None = None


@value
class Mod:
    """A module of the project, by path."""

    path: str


@value
class Fn:
    """A project function with its closure frame; `bound` is self or cls, `defaults` are the
    values that parameters left out take, evaluated where the function is defined."""

    path: str
    node: ir.Function | ir.Lambda
    frame: int
    bound: Abs | None = None
    owner: Ref | None = None
    defaults: tuple[tuple[str, Abs], ...] = ()


@value
class Part:
    """functools.partial and kin: a callable with some arguments given; `open` says why there may
    be more of them than are seen."""

    func: Abs
    args: tuple[Abs, ...]
    keywords: tuple[tuple[str, Abs], ...]
    open: str | None = None


@value
class Bound:
    """A method of something that is no project instance, not yet called."""

    receiver: Abs
    name: str
    at: At | None = None


@value
class Super:
    instance: Abs
    owner: Ref


@value
class KafkaClient:
    """A client made at a construction site (index into the trace's sites)."""

    site: int


@value
class Rec:
    """Something derived from a consumed record; `sites` are the consumers it may come from.

    `part` is which of its parts: a RecordPart, "record" for all of it, "decoded", or "derived"
    where something else may have been mixed in. `plus` was added to it: the next offset to read
    is the record's own plus one.
    """

    sites: frozenset[int]
    part: str = "record"
    plus: int = 0


@value
class Items:
    """A list or dict's values as they were when something was written down, out of the heap."""

    items: tuple[Abs, ...]
    exact: bool
    keys: tuple[str, ...] = ()


@value
class Imported:
    """A name imported from a project module that has not been looked up yet: only then is that
    module run. `dotted` is what the name means when the module does not define it."""

    path: str
    name: str
    dotted: str | None
    at: At


@value
class Built:
    """An instance as it was when something was written down: its class and its fields."""

    cls: Ref
    fields: tuple[tuple[str, Abs], ...]


@value
class File:
    """An opened project file or a path to one, as literal path text.

    A `rooted` path begins at the project root (it comes from `__file__`), any other where the
    program is started. `mode` is what it was opened with, as far as that is a literal.
    """

    path: str
    opened: bool = False
    rooted: bool = False
    mode: str = "r"


Abs: TypeAlias = (
    "Lit | Comp | Unk | Missing | Phi | Ref | Ext | Foreign | Mod | Fn | Part | Bound | Super"
    " | KafkaClient | Rec | File | Items | Built | Imported"
)


@value
class Slot:
    """A dict entry: its value and the place of its key."""

    value: Abs
    key_at: At | None


@value
class Twice:
    """A key written twice in one display."""

    key: str
    first: At
    second: At


@value
class DictObj:
    """A dict with text keys; `open` says why it may hold more than is seen.

    `home` is where it is written: a display, a `dict(…)` call, a mapping of a file. `default` is
    what a defaultdict makes its entries with. What may be called is kept under a key that begins
    with a NUL where its own key is no text that is known.
    """

    slots: dict[str, Slot]
    open: str | None = None
    twice: tuple[Twice, ...] = ()
    environment: bool = False
    home: At | None = None
    default: Abs | None = None


@value
class ListObj:
    """A list, tuple or set; not `exact` when elements may be missing or repeated.

    `holder` names what else it is: a queue or deque.
    """

    items: tuple[Abs, ...]
    exact: bool = True
    generated: bool = False
    holder: str = ""


@value
class ClassObj:
    """A project class; `bases` in order, project classes as Ref, others as Ext or Unk."""

    name: str
    path: str
    node: ir.Class
    bases: tuple[Abs, ...]
    attrs: dict[str, Abs]
    annotations: tuple[str, ...]


@value
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
    if all(first is value or _same(first, value) for _, value in branches):
        return first
    count = 0
    for _, value in branches:
        count += leaves(value) if type(value) is Phi else 1
    if count > MAX_BRANCHES:
        return Unk("too many possibilities")
    return Phi(choice, tuple(branches))


def present(value: Abs) -> Abs:
    """A choice without those of its values that are nothing: whoever uses one of them, or iterates
    over it, raises."""
    if not isinstance(value, Phi):
        return value
    branches = [(label, present(one)) for label, one in value.branches if not is_nothing(one)]
    return phi(value.choice, branches) if branches else value


def is_nothing(value: Abs) -> bool:
    """Whether a value is known to be missing, None or False."""
    return isinstance(value, Missing) or (isinstance(value, Lit) and value.value in (None, False))


def leaves(value: Abs) -> int:
    """How many values a choice comes to."""
    if type(value) is not Phi:
        return 1
    count = 0
    for _, branch in value.branches:
        count += leaves(branch) if type(branch) is Phi else 1
    return count


def _same(one: Abs, other: Abs) -> bool:
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, Lit) and isinstance(other, Lit):
        return one.value == other.value and type(one.value) is type(other.value)
    if isinstance(one, Fn) and isinstance(other, Fn):
        return one.node is other.node and one.bound == other.bound
    return one == other


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
