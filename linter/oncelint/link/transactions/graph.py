"""A story as a graph: every point of the program with the points that may come next.

What is asked of all ways through a story (what may come next, what state a client is in here) is
asked of this graph. A `finally` stands in it once for each way that leads through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from oncelint.flow.story import (
    Attempt,
    Called,
    Catches,
    Fork,
    Leaves,
    LeavesKind,
    Node,
    Round,
    Spawned,
    Story,
    Within,
    Yields,
)

Role: TypeAlias = Literal[
    "", "enter", "leave", "undo", "blur", "raise", "catch", "jump", "loop", "end", "out", "exit"
]

# More points than a program that anybody can follow has.
_POINTS = 40_000


_WITHOUT: dict[LeavesKind, LeavesKind] = {
    "with-return": "return",
    "with-break": "break",
    "with-continue": "continue",
}


class TooLarge(Exception):
    """The story has more points than are looked at."""


@dataclass(eq=False, slots=True)
class Point:
    """A place on a way through a story.

    `role` tells what `node` is here: "" for what simply happens; a `with` that is entered, left as
    usual ("leave") or by an exception ("undo"); a "jump" (return, break, continue, or the end of a
    loop's body); "raise"; a "catch", where an exception is matched with `handlers`; a "loop", where
    a round begins; "blur", where it is not known what happens; and the three ends: the story's own,
    an exception that nothing catches ("out"), the end of the process ("exit"). `then` are the
    points that may come next, `fails` where an exception raised here leads to, which for a "catch"
    is where one that no handler takes goes on. `handler` is the innermost except clause around it.
    """

    role: Role
    node: Node | None = None
    then: list[Point] = field(default_factory=list)
    fails: Point | None = None
    handlers: tuple[tuple[Catches, Point], ...] = ()
    handler: Catches | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """The graph of one story: where it begins, and what is handed over to run on its own."""

    entry: Point
    spawned: tuple[Spawned, ...]

    def points(self) -> Iterator[Point]:
        """Every point that can be reached, in the order in which it is found."""
        seen = {id(self.entry)}
        stack = [self.entry]
        while stack:
            point = stack.pop()
            yield point
            for other in reversed(next_points(point)):
                if id(other) not in seen:
                    seen.add(id(other))
                    stack.append(other)


def next_points(point: Point) -> list[Point]:
    """Where a way may lead from a point, exceptions included."""
    found = [*point.then, *(entry for _, entry in point.handlers)]
    return [*found, point.fails] if point.fails is not None else found


def ways_through(story: Story) -> Ways:
    """The graph of a story. Raises TooLarge where it has too many points."""
    builder = _Builder()
    end, out = Point("end"), Point("out")
    scope = _Scope(_Target(lambda: out), {"return": _Target(lambda: end)})
    entry = builder.block(story, end, scope)
    return Ways(entry, tuple(builder.spawned))


class _Target:
    """A point that is made when a way first leads to it."""

    def __init__(self, make: Callable[[], Point]) -> None:
        self._make = make
        self._made: Point | None = None

    def __call__(self) -> Point:
        if self._made is None:
            self._made = self._make()
        return self._made


_KINDS: dict[str, LeavesKind] = {
    "return": "return",
    "break": "break",
    "continue": "continue",
    "out_break": "out-break",
    "out_return": "out-return",
    "with_return": "with-return",
    "with_break": "with-break",
    "with_continue": "with-continue",
}

# What is run when a way leaves a body by a jump of some kind: a `with` that a generator manages.
_Resume: TypeAlias = Callable[[LeavesKind, Yields], Point]


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where exceptions lead to, and each kind of jump. `around` is where those lead to that are
    raised outside of the generator that is run, in the loop over its values. `resume` is what a
    generator that manages a `with` still does when its body is left early, and where that leads."""

    error: _Target
    jumps: Mapping[LeavesKind, _Target]
    around: _Target | None = None
    resume: _Resume | None = None
    handler: Catches | None = None

    def through(self, wrap: Callable[[_Target], _Target], error: _Target) -> _Scope:
        """The same targets, each behind what is run on the way to it."""
        around = wrap(self.around) if self.around is not None else None
        jumps = {kind: wrap(one) for kind, one in self.jumps.items()}
        return replace(self, error=error, jumps=jumps, around=around)

    def jumping(self, **targets: _Target | None) -> _Scope:
        """With other targets, by kind (`out_break`); None for a jump that is not possible here."""
        merged: dict[LeavesKind, _Target] = dict(self.jumps)
        for name, target in targets.items():
            kind = _KINDS[name]
            merged.pop(kind, None)
            if target is not None:
                merged[kind] = target
        return replace(self, jumps=merged)


class _Builder:
    """Builds from the last node to the first, so that what comes next is known."""

    def __init__(self) -> None:
        self.spawned: list[Spawned] = []
        self._count = 0
        # what comes behind each yield, while a generator is built to be resumed there
        self._behind: dict[int, Point] | None = None

    def point(self, role: Role, scope: _Scope, node: Node | None = None, *then: Point) -> Point:
        self._count += 1
        if self._count > _POINTS:
            raise TooLarge
        return Point(role, node, list(then), handler=scope.handler)

    def happens(self, node: Node | None, scope: _Scope, after: Point, role: Role = "") -> Point:
        """A point whose node may raise."""
        point = self.point(role, scope, node, after)
        point.fails = scope.error()
        return point

    def block(self, story: Story, after: Point, scope: _Scope) -> Point:
        for node in reversed(story):
            after = self.node(node, after, scope)
        return after

    def node(self, node: Node, after: Point, scope: _Scope) -> Point:
        if isinstance(node, Leaves):
            return self.leaves(node, scope)
        if isinstance(node, Fork):
            branches = [self.block(body, after, scope) for _, body in node.branches]
            return self.point("", scope, node, *branches)
        if isinstance(node, Round):
            return self.round(node, after, scope)
        if isinstance(node, Attempt):
            return self.attempt(node, after, scope)
        if isinstance(node, Within):
            return self.within(node, after, scope)
        if isinstance(node, Called):
            return self.called(node, after, scope)
        if isinstance(node, Yields):
            return self.yields(node, after, scope)
        if isinstance(node, Spawned):
            if not any(one is node for one in self.spawned):
                self.spawned.append(node)
        return self.happens(node, scope, after)

    def leaves(self, node: Leaves, scope: _Scope) -> Point:
        if node.kind == "exit":
            return self.point("exit", scope, node)
        if node.kind == "raise":
            point = self.point("raise", scope, node)
            point.fails = scope.error()
            return point
        target = scope.jumps.get(node.kind)
        if target is None:
            return self.point("blur", scope, node, scope.jumps["return"]())
        return self.point("jump", scope, node, target())

    def round(self, node: Round, after: Point, scope: _Scope) -> Point:
        head = self.point("loop", scope, node)
        once = node.bounded == 1
        again = self.block(node.orelse, after, scope) if once else head
        inner = scope.jumping(
            **{"break": _Target(lambda: after), "continue": _Target(lambda: again)}
        )
        head.then.append(self.block(node.body, self.point("jump", scope, node, again), inner))
        if not node.endless:
            head.then.append(self.block(node.orelse, after, scope))
        return head

    def called(self, node: Called, after: Point, scope: _Scope) -> Point:
        if not node.body:
            return self.happens(node, scope, after, "blur")
        behind = _Target(lambda: after)
        inner = replace(scope, jumps={"return": behind}, resume=None, around=None)
        if node.generator:
            inner = inner.jumping(out_break=behind, out_return=scope.jumps["return"])
            inner = replace(inner, resume=self.resume(node, scope), around=scope.error)
        return self.block(node.body, after, inner)

    def resume(self, generator: Called, scope: _Scope) -> _Resume:
        """What a generator that manages a `with` does behind its yield when the body jumps."""
        copies: dict[LeavesKind, dict[int, Point]] = {}

        def resumed(kind: LeavesKind, yielded: Yields) -> Point:
            if kind not in copies:
                target = scope.jumps.get(_WITHOUT[kind]) or scope.jumps["return"]
                inner = replace(scope, jumps={"return": target}, resume=None)
                saved, self._behind = self._behind, {}
                self.block(generator.body, target(), inner)
                copies[kind], self._behind = self._behind, saved
            return copies[kind][id(yielded)]

        return resumed

    def yields(self, node: Yields, after: Point, scope: _Scope) -> Point:
        if self._behind is not None and scope.resume is None:
            self._behind[id(node)] = after
            return after
        inner = scope.jumping(**{"break": None, "continue": _Target(lambda: after)})
        if not node.thrown and scope.around is not None:
            inner = replace(inner, error=scope.around)
        resume = scope.resume
        if resume is not None:
            inner = inner.jumping(
                with_return=_Target(lambda: resume("with-return", node)),
                with_break=_Target(lambda: resume("with-break", node)),
                with_continue=_Target(lambda: resume("with-continue", node)),
            )
        return self.happens(node, scope, self.block(node.body, after, inner))

    def within(self, node: Within, after: Point, scope: _Scope) -> Point:
        def leaving(target: _Target) -> _Target:
            return _Target(lambda: self.happens(node, scope, target(), "leave"))

        undo = _Target(lambda: self.undo(node, scope))
        inner = scope.through(leaving, undo)
        left = self.happens(node, scope, after, "leave")
        last = self.happens(None, inner, left)
        return self.happens(node, scope, self.block(node.body, last, inner), "enter")

    def undo(self, node: Within, scope: _Scope) -> Point:
        """A `with` that an exception leaves: it goes on with the exception."""
        point = self.point("undo", scope, node)
        point.fails = scope.error()
        return point

    def attempt(self, node: Attempt, after: Point, scope: _Scope) -> Point:
        def finally_(target: _Target) -> _Target:
            if not node.final:
                return target
            return _Target(lambda: self.block(node.final, target(), scope))

        def leaving(target: _Target) -> _Target:
            if not node.leaving:
                return finally_(target)
            return finally_(_Target(lambda: self.block(node.leaving, target(), scope)))

        error = finally_(scope.error)
        outer = scope.through(finally_, error)
        behind = finally_(_Target(lambda: after))()
        handlers = tuple(
            (one, self.block(one.body, behind, replace(outer, handler=one)))
            for one in node.handlers
        )
        caught = _Target(lambda: self.catch(node, handlers, error, scope)) if handlers else error
        inner = scope.through(leaving, caught)
        entry = self.block(node.orelse, behind, outer)
        # the body may raise at its ends as well, by what is not told of
        entry = self.happens(None, inner, entry)
        entry = self.block(node.body, entry, inner)
        return self.happens(None, inner, entry)

    def catch(
        self,
        node: Attempt,
        handlers: tuple[tuple[Catches, Point], ...],
        error: _Target,
        scope: _Scope,
    ) -> Point:
        point = self.point("catch", scope, node)
        point.handlers = handlers
        point.fails = error()
        return point
