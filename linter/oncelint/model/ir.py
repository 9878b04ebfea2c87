"""The small intermediate representation of Python that extraction yields and flow/ interprets.

Nodes are frozen for the type checker, compared by identity, cheap to make by the ten thousand, and
free of the `ast` they come from.
A place is `(line, column, end_line, end_column)`, 1-based, columns in code points, end exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    from oncelint.model.values import Scalar
else:

    def dataclass_transform(**_):
        return lambda decorator: decorator


T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False)
def node(cls: type[T]) -> type[T]:
    """A slotted class of IR. Frozen classes set every field the slow way, so that is left to the
    type checker; `__reduce__` keeps nodes cheap to send between processes."""
    made = dataclass(slots=True, eq=False)(cls)
    names = made.__slots__  # type: ignore[attr-defined]
    assert len(names) > 1, "attrgetter yields a tuple only for several"
    fields = attrgetter(*names)

    def reduced(self: object) -> tuple[type[T], tuple[object, ...]]:
        return made, fields(self)

    made.__reduce__ = reduced  # type: ignore[method-assign]
    return made


Place: TypeAlias = "tuple[int, int, int, int]"


@node
class Const:
    value: Scalar
    place: Place


@node
class Text:
    """A string literal with the pieces that carry it: (start, length, place of the host piece).

    A piece whose text is written letter for letter has a place exactly as long as its length."""

    value: str
    place: Place
    pieces: tuple[tuple[int, int, Place], ...]


@node
class Name:
    id: str
    place: Place


@node
class Attribute:
    base: Expr
    name: str
    place: Place


@node
class Keyword:
    """A keyword argument; `name` None is `**value`. `name_place` is the keyword's own token."""

    name: str | None
    value: Expr
    name_place: Place


@node
class Call:
    """A call; starred positional arguments stand as `Star`."""

    func: Expr
    args: tuple[Expr, ...]
    keywords: tuple[Keyword, ...]
    place: Place


@node
class Star:
    value: Expr
    place: Place


@node
class Dict:
    """A dict display; a None key is `**value`."""

    items: tuple[tuple[Expr | None, Expr], ...]
    place: Place


@node
class ListDisplay:
    """A list, tuple or set display."""

    items: tuple[Expr, ...]
    place: Place


@node
class Subscript:
    base: Expr
    key: Expr
    place: Place


@node
class Format:
    """An f-string: text parts and expressions in order."""

    parts: tuple[Expr, ...]
    place: Place


@node
class Binary:
    op: str
    left: Expr
    right: Expr
    place: Place


@node
class Either:
    """`a or b` and `a and b`."""

    op: str
    values: tuple[Expr, ...]
    place: Place


@node
class Conditional:
    test: Expr
    body: Expr
    orelse: Expr
    place: Place


@node
class Await:
    value: Expr
    place: Place


@node
class Yield:
    value: Expr | None
    delegates: bool
    place: Place


@node
class Lambda:
    params: Params
    body: Expr
    place: Place


@node
class Comprehension:
    """A list, set, dict or generator comprehension; `value` is set for dicts."""

    kind: str
    element: Expr
    value: Expr | None
    clauses: tuple[tuple[Expr, Expr], ...]
    tests: tuple[Expr, ...]
    place: Place


@node
class Walrus:
    name: str
    value: Expr
    place: Place


@node
class Other:
    """An expression of no consequence here; its parts are still evaluated for their calls."""

    kind: str
    parts: tuple[Expr, ...]
    place: Place


Expr: TypeAlias = (
    "Const | Text | Name | Attribute | Call | Star | Dict | ListDisplay | Subscript | Format"
    " | Binary | Either | Conditional | Await | Yield | Lambda | Comprehension | Walrus | Other"
)


@node
class Param:
    """`kind` is one of positional, keyword, var-positional, var-keyword."""

    name: str
    kind: str
    default: Expr | None
    annotation: Expr | None


Params: TypeAlias = "tuple[Param, ...]"


@node
class Assign:
    """`targets` get `value`; an annotated assignment without value has None."""

    targets: tuple[Expr, ...]
    value: Expr | None
    annotation: Expr | None
    place: Place


@node
class Augment:
    target: Expr
    op: str
    value: Expr
    place: Place


@node
class Evaluate:
    value: Expr
    place: Place


@node
class If:
    test: Expr
    body: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...]
    place: Place


@node
class Loop:
    """A `for` (with target and iter) or a `while` (with test)."""

    target: Expr | None
    iter: Expr | None
    test: Expr | None
    body: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...]
    is_async: bool
    place: Place


@node
class Handler:
    types: tuple[Expr, ...]
    name: str | None
    body: tuple[Stmt, ...]
    place: Place


@node
class Try:
    body: tuple[Stmt, ...]
    handlers: tuple[Handler, ...]
    orelse: tuple[Stmt, ...]
    final: tuple[Stmt, ...]
    place: Place


@node
class With:
    items: tuple[tuple[Expr, Expr | None], ...]
    body: tuple[Stmt, ...]
    is_async: bool
    place: Place


@node
class Return:
    value: Expr | None
    place: Place


@node
class Raise:
    value: Expr | None
    place: Place


@node
class Jump:
    """`break`, `continue` or `pass`-like ends of a block: kind is break or continue."""

    kind: str
    place: Place


@node
class Delete:
    targets: tuple[Expr, ...]
    place: Place


@node
class Match:
    """A `match`; patterns bind names to unknown values."""

    subject: Expr
    cases: tuple[tuple[tuple[str, ...], tuple[Stmt, ...]], ...]
    place: Place


@node
class Import:
    """`module` with its leading dots; `name` None for `import module`; `alias` what is bound."""

    module: str
    name: str | None
    alias: str
    place: Place


@node
class Function:
    """A function; `names` are all names and attributes it mentions."""

    name: str
    params: Params
    body: tuple[Stmt, ...]
    decorators: tuple[Expr, ...]
    is_async: bool
    is_generator: bool
    place: Place
    names: frozenset[str]


@node
class Class:
    name: str
    bases: tuple[Expr, ...]
    body: tuple[Stmt, ...]
    decorators: tuple[Expr, ...]
    place: Place
    metaclass: Expr | None = None


@node
class Scope:
    """`global` or `nonlocal` names."""

    names: tuple[str, ...]
    is_global: bool
    place: Place


Stmt: TypeAlias = (
    "Assign | Augment | Evaluate | If | Loop | Try | With | Return | Raise | Jump | Delete"
    " | Match | Import | Function | Class | Scope"
)


@node
class Module:
    """One Python file: its statements, the names and attributes it calls anywhere, the top
    packages it imports by absolute names, and the names it imports and never mentions."""

    path: str
    body: tuple[Stmt, ...]
    called: frozenset[str]
    packages: frozenset[str]
    idle: frozenset[str] = frozenset()
