"""Records that a consumer gathers before it writes them, and when it writes what it gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from oncelint.flow.blocks import span_of
from oncelint.flow.story import (
    Attempt,
    Called,
    Fork,
    Keeps,
    Leaves,
    Node,
    Round,
    Spawned,
    Story,
    bodies,
    nodes,
)
from oncelint.flow.trace import Execution, Use
from oncelint.flow.values import Abs, Foreign, Items, Phi, Rec
from oncelint.link.loops.waits import EffectOf, is_queue
from oncelint.model.pipelines import Batch, Effect
from oncelint.model.values import Span


@dataclass(frozen=True, slots=True)
class _State:
    """What a way through a round has done: the record it kept, whether an effect was tried, and
    how it went at choices that come up again."""

    kept: Keeps | None = None
    done: bool = False
    chosen: frozenset[tuple[str, str]] = frozenset()


_States: TypeAlias = "frozenset[_State]"


_MOST_STATES = 200


@dataclass(slots=True)
class _Ends:
    """Where ways end: `through` fall off the end, the others leave by the kind of their end."""

    through: _States
    returns: _States = frozenset()
    continues: _States = frozenset()
    breaks: _States = frozenset()


def batches(body: Story, effect_of: EffectOf, after: Story = ()) -> tuple[Batch, ...]:
    """Containers in which records are kept while the next ones are polled.

    A record is held over a poll where a way through the round keeps it and does nothing else for
    it. It is a batch when some effect takes several such records: it is given a list of them,
    stands in a loop of its own, or is done when something has a certain length. `after` is what
    follows behind the loop.
    """
    walk = _Walk(effect_of, _repeated(body))
    ends = walk.run(body, frozenset((_State(),)))
    held: dict[Span, Keeps] = {}
    sized = any(_asks_whether_full(node, effect_of) for node in nodes(body))
    for state in ends.through | ends.continues:
        if state.kept is None or state.done or is_queue(state.kept.into):
            continue
        # what is gathered in a loop of its own is what one poll gave, unless there may be more
        if sized or not any(_gathers(node, state.kept) for node in nodes(body)):
            held.setdefault(span_of(state.kept.at), state.kept)
    found: list[Batch] = []
    for span, kept in sorted(held.items()):
        flushes = tuple(
            dict.fromkeys(
                (*_flushes(body, kept, effect_of, False), *_flushes(after, kept, effect_of, False))
            )
        )
        if flushes:
            found.append(Batch(span, kept.into, flushes))
    return tuple(found)


def _asks_whether_full(node: Node, effect_of: EffectOf) -> bool:
    """Whether a choice by some length decides on an effect, or on the end of the round."""
    if not isinstance(node, Fork) or not node.choice.startswith(_LENGTH):
        return False
    if node.choice.startswith((f"{_LENGTH} == 0 ", f"{_LENGTH} == 1 ")):
        return False
    return any(
        effect_of(one) is not None
        or (isinstance(one, Leaves) and one.kind in ("continue", "return"))
        for _, branch in node.branches
        for one in nodes(branch)
    )


def _gathers(node: Node, kept: Keeps) -> bool:
    return isinstance(node, Round) and _kept_in(node.body, kept)


def _repeated(body: Story) -> frozenset[str]:
    choices = Counter(node.choice for node in nodes(body) if isinstance(node, (Fork, Attempt)))
    return frozenset(choice for choice, count in choices.items() if count > 1)


def _flushes(story: Story, kept: Keeps, effect_of: EffectOf, looped: bool) -> Iterator[Effect]:
    """Effects that take several kept records: given a list of them, or done in a loop over it."""
    for node in story:
        effect = effect_of(node)
        if effect is not None and (looped or _bears_several(node)):
            yield effect
        if isinstance(node, Spawned) and effect is None and not _kept_in(node.body, kept):
            yield from _flushes(node.body, kept, effect_of, looped)
            continue
        over = isinstance(node, Round) and not _kept_in(node.body, kept)
        over = over or (isinstance(node, Fork) and node.choice.startswith(_LENGTH))
        for inner in bodies(node):
            yield from _flushes(inner, kept, effect_of, looped or over)


# How a choice is called that a list's length decides.
_LENGTH = "a length"


def _kept_in(story: Story, kept: Keeps) -> bool:
    return any(node is kept for node in nodes(story))


def _bears_several(node: Node) -> bool:
    if not isinstance(node, (Execution, Use)):
        return False
    values: list[Abs] = [*node.args, *(value for _, value in node.keywords)]
    if isinstance(node, Execution):
        values.append(node.receiver)
    return any(_several(value, 0) for value in values)


def _several(value: Abs, depth: int) -> bool:
    """Whether a value is, or is made from, a list with an unknown number of records in it."""
    if depth > 6:
        return False
    if isinstance(value, Items):
        if not value.exact and not value.keys and any(map(_of_record, value.items)):
            return True
        return any(_several(item, depth + 1) for item in value.items)
    if isinstance(value, Phi):
        return any(_several(one, depth + 1) for _, one in value.branches)
    if isinstance(value, Foreign):
        return any(_several(item, depth + 1) for item in value.made_from)
    return False


def _of_record(value: Abs) -> bool:
    if isinstance(value, Rec):
        return True
    if isinstance(value, Items):
        return any(map(_of_record, value.items))
    if isinstance(value, Foreign):
        return any(map(_of_record, value.made_from))
    if isinstance(value, Phi):
        return any(_of_record(one) for _, one in value.branches)
    return bool(getattr(value, "sites", ()))


class _Walk:
    """All ways through a story, as far as batches want to know them."""

    def __init__(self, effect_of: EffectOf, repeated: frozenset[str]) -> None:
        self.effect_of = effect_of
        self.repeated = repeated

    def run(self, story: Story, states: _States) -> _Ends:
        ends = _Ends(states)
        for node in story:
            if not ends.through:
                break
            self._take(ends, self.step(node, ends.through))
        return ends

    @staticmethod
    def _take(ends: _Ends, more: _Ends) -> None:
        ends.through = frozenset(sorted(more.through, key=_order)[:_MOST_STATES])
        ends.returns |= more.returns
        ends.continues |= more.continues
        ends.breaks |= more.breaks

    def step(self, node: Node, states: _States) -> _Ends:
        if isinstance(node, Keeps):
            return _Ends(frozenset(replace(one, kept=one.kept or node) for one in states))
        if isinstance(node, Leaves):
            return self.leave(node, states)
        if isinstance(node, Fork):
            return self.fork(node, states)
        if isinstance(node, Attempt):
            return self.attempt(node, states)
        if isinstance(node, Round):
            return self.loop(node, states)
        if isinstance(node, Spawned):
            # what is handed over is done for, one way or another
            return _Ends(self.tried(states) if node.record else states)
        if isinstance(node, Called):
            ends = self.run(node.body, states)
            return replace(ends, through=ends.through | ends.returns, returns=frozenset())
        inner = bodies(node)
        if inner:
            return self.run(inner[0], states)
        return _Ends(self.tried(states) if self.effect_of(node) is not None else states)

    @staticmethod
    def tried(states: _States) -> _States:
        return frozenset(replace(one, done=True) for one in states)

    @staticmethod
    def leave(node: Leaves, states: _States) -> _Ends:
        if node.kind == "return":
            return _Ends(frozenset(), returns=states)
        if node.kind == "continue":
            return _Ends(frozenset(), continues=states)
        if node.kind == "break":
            return _Ends(frozenset(), breaks=states)
        return _Ends(frozenset())

    def fork(self, node: Fork, states: _States) -> _Ends:
        found = _Ends(frozenset())
        for label, body in node.branches:
            entering = self.choosing(node.choice, label, node, states)
            if entering:
                self._join(found, self.run(body, entering))
        return found

    def choosing(self, choice: str, label: str, node: Fork, states: _States) -> _States:
        """The states in which a choice can go this way; they remember it if it comes up again."""
        if choice not in self.repeated:
            return states
        named = {name for name, _ in node.branches}
        entering = set()
        for one in states:
            before = next((went for made, went in one.chosen if made == choice), None)
            if before is None:
                entering.add(replace(one, chosen=one.chosen | {(choice, label)}))
            elif before == label or (before not in named and label == "otherwise"):
                entering.add(one)
        return frozenset(entering)

    @staticmethod
    def _join(ends: _Ends, more: _Ends) -> None:
        ends.through |= more.through
        ends.returns |= more.returns
        ends.continues |= more.continues
        ends.breaks |= more.breaks

    def attempt(self, node: Attempt, states: _States) -> _Ends:
        found = self.run(node.body, states)
        if node.orelse:
            self._take(found, self.run(node.orelse, found.through))
        # a failing body has tried its effects, as far as can be said
        failing = states
        if any(self.effect_of(one) is not None for one in nodes(node.body)):
            failing = self.tried(states)
        for handler in node.handlers:
            self._join(found, self.run(handler.body, failing))
        if node.final and found.through:
            self._take(found, self.run(node.final, found.through))
        return found

    def loop(self, node: Round, states: _States) -> _Ends:
        once = self.run(node.body, states)
        after = once.through | once.continues | once.breaks
        acts = any(self.effect_of(one) is not None for one in nodes(node.body))
        # a loop over what is kept finds something there
        skipping = frozenset(one for one in states if not (acts and one.kept is not None))
        if node.endless:
            skipping = frozenset()
        return _Ends(after | skipping, returns=once.returns)


def _order(state: _State) -> tuple[bool, bool, int]:
    return state.done, state.kept is None, len(state.chosen)
