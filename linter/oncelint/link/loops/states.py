"""What is known at one place of a story when the order of commits and effects is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from oncelint.flow.story import LeavesKind
from oncelint.flow.values import At
from oncelint.link.loops.failures import Cause
from oncelint.model.pipelines import Commit, Effect, Misorder
from oncelint.model.project import Step
from oncelint.model.values import Span


@dataclass(frozen=True, slots=True)
class Events:
    """What the nodes of a story mean for one consumer; all keys are id() of nodes.

    `effects`: writes and outputs for its records; `commits`: calls that commit its offsets, and
    store_offsets where the client commits what is stored by itself. `site` is the consumer's, and
    `alone` tells that it may commit by itself what it has handed out.
    """

    site: int
    polls: frozenset[int]
    effects: Mapping[int, Effect]
    commits: Mapping[int, Commit]
    stores: frozenset[int]
    sent_offsets: frozenset[int]
    aborts: frozenset[int]
    seeks: frozenset[int]
    closes: frozenset[int]
    unflushed: Mapping[int, int]
    flushes: Mapping[int, int]
    taken: Step
    alone: bool = False
    # a poll delivers one record only
    single: bool = False
    # records put into a queue, and what is done with them at its other end
    queued: Mapping[int, Effect] = field(default_factory=dict)
    # whether a handler notes its failure for a later decision
    remembers: Callable[[At], bool] = lambda at: False
    # whether a handler gives it back as a value
    tells: Callable[[At], bool] = lambda at: False


class Failed(NamedTuple):
    """An effect that failed, and the handler or finally it led to.

    `inside`: it has not left that as usual. `earlier`: another record has been taken since.
    `decision` is the branch of the attempt's choice that it led to: what is done later where that
    is asked for is done for the record that failed.
    """

    effect: Effect
    handler: Span | None
    inside: bool
    sure: bool
    earlier: bool = False
    decision: tuple[str, str] = ("", "")


class State(NamedTuple):
    """What became of the record in hand.

    `committed` is the commit that covered it; `kept` tells of records in a container: True, or
    the commit that covered them. `pending` is work that nothing has waited for yet. `rest`: it is
    one of a batch that was committed as a whole. `elsewhere`: it failed and was kept somewhere.
    `held` is a row that its database has not committed yet, and the commit that covered it.
    `choices` are the decisions that are taken more than once: the choice, its branch, and whether
    it was decided in this round, not only asked for. `deferred` is how a `with` is left
    in the end.
    """

    polled: bool = False
    stored: bool = False
    sent: bool = False
    committed: Commit | None = None
    failed: Failed | None = None
    kept: Commit | bool = False
    pending: Effect | None = None
    unflushed: tuple[int, Effect] | None = None
    done: Effect | None = None
    rest: bool = False
    elsewhere: bool = False
    held: tuple[Effect, Commit | None] | None = None
    choices: frozenset[tuple[str, str, bool]] = frozenset()
    deferred: LeavesKind | None = None


Raised: TypeAlias = "tuple[State, Cause]"


@dataclass(slots=True)
class Ends:
    """How a story is left, and with which states."""

    going: set[State] = field(default_factory=set)
    left: dict[LeavesKind, set[State]] = field(default_factory=dict)
    raised: set[Raised] = field(default_factory=set)

    def add(self, other: Ends, *, going: bool = False) -> None:
        if going:
            self.going |= other.going
        for kind, states in other.left.items():
            self.left.setdefault(kind, set()).update(states)
        self.raised |= other.raised

    def take(self, *kinds: LeavesKind) -> set[State]:
        taken: set[State] = set()
        for kind in kinds:
            taken |= self.left.pop(kind, set())
        return taken


@dataclass(frozen=True, slots=True)
class Order:
    """Every wrong order on some way through a story, and the commits that come after some work
    for the records they are about."""

    misorders: tuple[Misorder, ...]
    after_work: frozenset[Span]


def was_asked(state: State, choice: str, label: str) -> bool:
    failed = state.failed
    return failed is not None and not failed.inside and failed.decision == (choice, label)


def entered(state: State) -> State:
    failed = state.failed
    return state if failed is None else state._replace(failed=failed._replace(inside=True))


def led_to(state: State, choice: str, label: str) -> State:
    failed = state.failed
    if failed is None:
        return state
    return state._replace(failed=failed._replace(decision=(choice, label)))


def next_record(state: State, single: bool) -> State:
    """The next record of a batch: a commit of one record does not cover it."""
    if state.committed is not None and (single or state.committed.covers in ("record", "offsets")):
        state = state._replace(committed=None)
    rest = state.committed is not None
    return state._replace(failed=failed_earlier(state.failed), rest=rest, elsewhere=False)


def undecided(state: State) -> State:
    """The end of a try whose handler decides what to do: there may be another one, or none."""
    return state._replace(failed=None, committed=None)


def cause_of(state: State) -> Cause:
    """What is raised again: the failure that the handler was entered with."""
    if state.failed is not None:
        return Cause("effect", "", state.failed.effect)
    return Cause("any", "")


def _left_behind(state: State) -> State:
    """A failure whose handler, or finally, has been left."""
    if state.failed is None or not state.failed.inside:
        return state
    return state._replace(failed=state.failed._replace(inside=False))


def failed_earlier(failed: Failed | None) -> Failed | None:
    """A failure when the next record is taken."""
    return failed._replace(inside=False, earlier=True) if failed is not None else None


def forgotten(ends: Ends) -> Ends:
    """A failure that was noted in a handler: what is done about it is decided later."""

    def noted(state: State) -> State:
        old = state.failed is None or state.failed.earlier
        return state if old else state._replace(failed=None)

    left = {kind: {noted(one) for one in states} for kind, states in ends.left.items()}
    return Ends({noted(one) for one in ends.going}, left, ends.raised)


def outside(ends: Ends) -> Ends:
    return Ends(
        {_left_behind(state) for state in ends.going},
        {kind: {_left_behind(one) for one in states} for kind, states in ends.left.items()},
        ends.raised,  # still on its way to a handler
    )
