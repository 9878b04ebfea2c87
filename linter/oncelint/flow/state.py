"""The interpreter's state: cells that branches change, undo and join.

Every name of every frame and every object of the heap is a cell. A branch writes into a layer of
its own; what the layer changed can be taken back, and the layers of alternatives are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, TypeVar

from oncelint.flow.dicts import join_dicts
from oncelint.flow.story import Fork, Node, Story
from oncelint.flow.values import (
    Abs,
    ClassObj,
    DictObj,
    InstanceObj,
    ListObj,
    Missing,
    Obj,
    Phi,
    Ref,
    phi,
)
from oncelint.model import ir

Status: TypeAlias = 'Literal["return", "raise", "break", "continue"] | None'
Key: TypeAlias = "int | tuple[int, str]"
T = TypeVar("T")

# Bounds that keep any program finite: calls in calls, ways to reach one function, loop rounds run
# one by one, and interpreter steps for one root and for the project.
DEPTH = 24
CONTEXTS = 48
UNROLL = 40
STEPS_PER_ROOT = 50_000
# Loops that take records, one in the other, of which a second round is run.
ROUNDS = 3
STEPS = 3_000_000


class Exhausted(Exception):
    """The step budget of this root is used up."""


@dataclass(slots=True)
class Frame:
    """A running function, class body or module: its names' frame id and what it gave back.

    `captured`: a function was defined in it, which may read its names later. A return is kept with
    the branch it was made in and what had been changed by then.
    """

    id: int
    parent: int | None
    path: str
    node: ir.Function | ir.Lambda | None
    owner: Ref | None = None
    bound: Abs | None = None
    globals: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    starred: set[str] = field(default_factory=set)
    captured: bool = False
    returns: list[tuple[tuple[str, str] | None, Abs, dict[Key, Abs | Obj]]] = field(
        default_factory=list
    )
    yields: list[Abs] = field(default_factory=list)


@dataclass(slots=True)
class Jumps:
    """How a loop's body was left early: the branch of each `break` and `continue` and what had
    been changed by then, counted from the layer at `depth`. `breaks` tells which of them, by their
    places in `exits`, are breaks."""

    depth: int
    exits: list[tuple[tuple[str, str], dict[Key, Abs | Obj]]] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)


class State:
    """Cells, the layers above them, and the conditions of the branch that is being run."""

    def __init__(self) -> None:
        self.cells: dict[Key, Abs | Obj] = {}
        self.layers: list[dict[Key, Abs | Obj | None]] = [{}]
        self.jumps: list[Jumps] = []
        self.conditions: list[tuple[str, str]] = []
        self.next_id = 0
        # whether the last jump was of several branches, each of which has been written down
        self.jumped_apart = False
        self.tale: list[Node] = []

    def tell(self, node: Node) -> None:
        """Write down what happens now, as the next node of the story."""
        self.tale.append(node)

    def told(self, run: Callable[[], T]) -> tuple[T, Story]:
        """Run something; its result, and its story, which is not yet part of any other."""
        saved, self.tale = self.tale, []
        try:
            result = run()
            return result, tuple(self.tale)
        finally:
            self.tale = saved

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def write(self, key: Key, value: Abs | Obj) -> None:
        layer = self.layers[-1]
        if key not in layer:
            layer[key] = self.cells.get(key)
        self.cells[key] = value

    def alloc(self, obj: Obj) -> Ref:
        ref = Ref(self.new_id())
        self.write(ref.id, obj)
        return ref

    def obj(self, ref: Ref) -> Obj | None:
        found = self.cells.get(ref.id)
        return found if isinstance(found, (DictObj, ListObj, ClassObj, InstanceObj)) else None

    def undo(self) -> dict[Key, Abs | Obj]:
        """Take back the top layer; what it had changed."""
        layer = self.layers.pop()
        changes: dict[Key, Abs | Obj] = {}
        for key, old in layer.items():
            changes[key] = self.cells[key]
            if old is None:
                del self.cells[key]
            else:
                self.cells[key] = old
        return changes

    def forget(self, frame: Frame) -> None:
        """Drop the names of a call that has ended; nothing that goes on can read them."""
        layer = self.layers[-1]
        for key in [one for one in layer if isinstance(one, tuple) and one[0] == frame.id]:
            del layer[key]
            self.cells.pop(key, None)

    def keep(self) -> None:
        """Make the top layer's changes part of the one below."""
        layer = self.layers.pop()
        below = self.layers[-1]
        for key, old in layer.items():
            below.setdefault(key, old)

    def changed_since(self, depth: int) -> dict[Key, Abs | Obj]:
        return {key: self.cells[key] for layer in self.layers[depth:] for key in layer}

    def branch(
        self, choice: str, runs: Sequence[tuple[str, Callable[[], Status]]], *, asks: bool = False
    ) -> Status:
        """Run alternatives, each on the same state, and join those that go on."""
        going: list[tuple[str, dict[Key, Abs | Obj]]] = []
        statuses: list[Status] = []
        stories: list[tuple[str, Story]] = []
        for label, run in runs:
            self.layers.append({})
            self.conditions.append((choice, label))
            status, story = self.told(run)
            self.conditions.pop()
            stories.append((label, story))
            if status in ("break", "continue") and self.jumps and not self.jumped_apart:
                jumps = self.jumps[-1]
                if status == "break":
                    jumps.breaks.append(len(jumps.exits))
                jumps.exits.append(((choice, label), self.changed_since(jumps.depth)))
            self.jumped_apart = False
            changes = self.undo()
            statuses.append(status)
            if status is None:
                going.append((label, changes))
        if any(story for _, story in stories):
            self.tell(Fork(choice, tuple(stories), asks))
        if not going:
            self.jumped_apart = True
            return "return" if "return" in statuses else statuses[0]
        self.join(choice, going)
        return None

    def each(self, value: Phi, run: Callable[[Abs], Abs]) -> Abs:
        """Run something for every branch of a choice, each in its own branch."""
        results: list[tuple[str, Abs]] = []

        def one(label: str, branch: Abs) -> Status:
            results.append((label, run(branch)))
            return None

        self.branch(
            value.choice,
            [(label, lambda lb=label, br=branch: one(lb, br)) for label, branch in value.branches],  # type: ignore[misc]
            asks=True,
        )
        return phi(value.choice, results)

    def join(self, choice: str, going: list[tuple[str, dict[Key, Abs | Obj]]]) -> None:
        if len(going) == 1:
            for key, value in going[0][1].items():
                self.write(key, value)
            return
        cells = self.cells
        keys = {key: None for _, changes in going for key in changes}
        for key in keys:
            before = cells.get(key)
            versions = [(label, changes.get(key, before)) for label, changes in going]
            self.write(key, self.joined(choice, versions))

    def take_exit(self, condition: tuple[str, str], changes: dict[Key, Abs | Obj]) -> None:
        """Go on from an early exit alone: what it had changed by then is as it was there."""
        self.join_exit(condition, {})
        for key, value in changes.items():
            self.write(key, value)

    def join_exit(
        self, condition: tuple[str, str], changes: dict[Key, Abs | Obj], *, alike: bool = False
    ) -> None:
        """Join the state at an early exit with the one that is reached otherwise.

        What has changed since the top layer began, but not yet at the exit, had its old value
        there; names that were bound later are left alone. `alike`: what follows is reached from
        both, so that a name that is bound on one way alone has the value it has there.
        """
        choice, label = condition
        before = self.layers[-1]
        for key in {**changes, **before}:
            then = changes.get(key, before.get(key))
            now = self.cells.get(key)
            if now is None and (alike or isinstance(key, int)) and then is not None:
                self.write(key, then)  # an object made on the way to the exit
            elif then is not None and now is not None and then is not now:
                self.write(key, self.joined(choice, [(label, then), ("otherwise", now)]))

    def joined(self, choice: str, versions: list[tuple[str, Abs | Obj | None]]) -> Abs | Obj:
        one = versions[0][1]
        if one is not None and all(value is one for _, value in versions):
            return one
        present = [(label, value) for label, value in versions if value is not None]
        first = present[0][1]
        if isinstance(first, DictObj):
            dicts = [(label, value) for label, value in present if isinstance(value, DictObj)]
            return join_dicts(choice, dicts)
        if isinstance(first, ListObj):
            lists = [value for _, value in present if isinstance(value, ListObj)]
            items: dict[Abs, None] = {}
            for one in lists:
                for item in one.items:
                    items[item] = None
            exact = all(one.items == lists[0].items and one.exact for one in lists)
            return replace(first, items=tuple(items), exact=exact)
        if isinstance(first, InstanceObj):
            instances = [(lb, value) for lb, value in present if isinstance(value, InstanceObj)]
            names = {name: None for _, value in instances for name in value.attrs}
            attrs: dict[str, Abs] = {}
            for name in names:
                known = first.attrs.get(name)
                if known is not None and all(one.attrs.get(name) is known for _, one in instances):
                    attrs[name] = known
                    continue
                attrs[name] = phi(
                    choice,
                    [(label, value.attrs.get(name, Missing())) for label, value in instances],
                )
            return replace(first, attrs=attrs)
        if isinstance(first, ClassObj):
            return present[-1][1]
        values: list[tuple[str, Abs]] = []
        for label, value in versions:
            if value is None:
                values.append((label, Missing()))
            elif not isinstance(value, (DictObj, ListObj, ClassObj, InstanceObj)):
                values.append((label, value))
        return phi(choice, values)
