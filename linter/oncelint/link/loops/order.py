"""The order of commits and effects on every way through a story.

A set of states is led through the tree: what became of the record in hand. Every event may raise,
so a handler is entered with each state that an event in its body may leave behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, TypeAlias

from oncelint.flow.blocks import span_of
from oncelint.flow.story import (
    Attempt,
    Called,
    Fork,
    Joins,
    Keeps,
    Leaves,
    LeavesKind,
    Made,
    Round,
    Spawned,
    Story,
    Unseen,
    Within,
    Yields,
    nodes,
)
from oncelint.flow.trace import Execution, Use
from oncelint.flow.values import At, Foreign, KafkaClient
from oncelint.link.loops.failures import Cause, catches
from oncelint.link.loops.handlers import (
    APART,
    BEGINS,
    QUIET,
    first_effect,
    holder,
    library_of,
    tells_apart,
    tells_somebody,
)
from oncelint.link.loops.states import (
    Ends,
    Events,
    Failed,
    Order,
    State,
    cause_of,
    entered,
    failed_earlier,
    forgotten,
    led_to,
    next_record,
    outside,
    undecided,
    was_asked,
)
from oncelint.link.paths import header_of
from oncelint.model.finding import CONFIDENCES, Confidence
from oncelint.model.pipelines import Commit, Effect, Misorder
from oncelint.model.project import Step
from oncelint.model.values import Span

MisorderKind: TypeAlias = Literal[
    "before", "failure", "overtaken", "unawaited", "unflushed", "close"
]


# From this many states on a story is too intricate to say anything of it.
_MANY = 600


_ROUNDS = 4


# Nodes that are led through, those of loops once for each round.
_STEPS = 40_000


# What ends a transaction of a database.
_ENDS = frozenset({"commit", "rollback"})


_AWAITED = frozenset({"send_and_wait"})


class TooIntricate(Exception):
    """A story has more ways through it than are followed."""


def order_of(story: Story, events: Events) -> Order | None:
    """The order of a story's events; None when it is too intricate."""
    walker = _Walker(events, story)
    try:
        walker.story(story, {State()})
    except TooIntricate:
        return None
    # states are sets: nothing may depend on the order in which they were led
    found = sorted(walker.found.values(), key=_place)
    return Order(tuple(found), frozenset(walker.after_work))


class _Walker:
    def __init__(self, events: Events, story: Story) -> None:
        self.events = events
        self.found: dict[tuple[str, Span, Span | None], Misorder] = {}
        # commits that a record's work precedes on some way
        self.after_work: set[Span] = set()
        decided = Counter(node.choice for node in nodes(story) if isinstance(node, (Fork, Attempt)))
        self.repeated = {choice for choice, times in decided.items() if times > 1}
        self.inside: dict[int, frozenset[str]] = {}
        self.takes: dict[int, bool] = {}
        self.calls: list[Called] = []
        self.steps = 0
        self.remembered: dict[At, bool] = {}
        self.holders = {
            id(events.effects[id(node)]): holder(node)
            for node in nodes(story)
            if isinstance(node, Execution) and id(node) in events.effects
        }
        # a cursor or an answer that fails is the effect's failure, a parser's is not
        self.libraries = {
            library_of(node)
            for node in nodes(story)
            if isinstance(node, Execution) and id(node) in events.effects
        } - {""}

    # Trees ------------------------------------------------------------------------------------

    def story(self, story: Story, states: Iterable[State]) -> Ends:
        ends = Ends(going=set(states))
        for node in story:
            if not ends.going:
                break
            self.steps += 1
            if len(ends.going) > _MANY or len(ends.raised) > _MANY or self.steps > _STEPS:
                raise TooIntricate
            result = self.node(node, ends.going)
            ends.add(result)
            ends.going = result.going
        return ends

    def node(self, node: object, states: set[State]) -> Ends:
        if isinstance(node, (Use, Execution)):
            return self.event(node, states)
        if isinstance(node, Fork):
            return self.fork(node, states)
        if isinstance(node, Round):
            return self.round(node, states)
        if isinstance(node, Attempt):
            return self.attempt(node, states)
        if isinstance(node, Called):
            return self.called(node, states)
        if isinstance(node, Within):
            return self.within(node, states)
        if isinstance(node, Yields):
            return self.yields(node, states)
        if isinstance(node, Leaves):
            return self.leaves(node, states)
        if isinstance(node, Spawned):
            return self.spawned(node, states)
        if isinstance(node, Joins):
            # a future of send() is waited for as a task is
            return Ends({state._replace(pending=None, unflushed=None) for state in states})
        if id(node) in self.events.queued:
            queued = self.events.queued[id(node)]
            return Ends({self._maybe_handled(one)._replace(pending=queued) for one in states})
        if isinstance(node, Keeps):
            kept = {self._maybe_handled(state) for state in states}
            return Ends({s if s.kept else s._replace(kept=True) for s in kept})
        if isinstance(node, Unseen):
            return self.unseen(node, states)
        if isinstance(node, Made) and node.site == self.events.site:
            # a new consumer begins at what is committed
            return Ends({State(choices=one.choices, deferred=one.deferred) for one in states})
        return Ends(set(states))

    def fork(self, node: Fork, states: set[State]) -> Ends:
        ends = Ends()
        for label, body in node.branches:
            taken = {one for state in states if (one := self._chosen(node, label, state))}
            asked = {state for state in taken if was_asked(state, node.choice, label)}
            if taken - asked:
                ends.add(self.story(body, taken - asked), going=True)
            if asked:
                handled = self.story(body, {entered(state) for state in asked})
                ends.add(outside(handled), going=True)
        return ends

    def _chosen(self, node: Fork, label: str, state: State) -> State | None:
        """The state in a branch; None where an earlier decision leads into another one."""
        if node.choice not in self.repeated:
            return state
        known, decided = next(
            ((one, sure) for choice, one, sure in state.choices if choice == node.choice),
            (None, False),
        )
        if known is not None and not decided and not node.asks:
            # what was asked for was the decision of an earlier round
            known = None
        if known is None:
            others = frozenset(one for one in state.choices if one[0] != node.choice)
            return state._replace(choices=others | {(node.choice, label, not node.asks)})
        labels = [one for one, _ in node.branches]
        if known in labels:
            return state if known == label else None
        if "otherwise" in labels:
            return state if label == "otherwise" else None
        return state

    def decided(self, state: State, choice: str, label: str) -> State:
        if choice not in self.repeated:
            return state
        others = frozenset(one for one in state.choices if one[0] != choice)
        return state._replace(choices=others | {(choice, label, True)})

    def round(self, node: Round, states: set[State]) -> Ends:
        ends = Ends()
        seen: set[State] = set()
        now = {self._fresh(node, state) for state in states}
        behind: set[State] = set() if node.endless else set(now)
        if self._takes(node):
            # where it has no round, nothing was taken since the last commit
            behind = {state._replace(committed=None, rest=False) for state in behind}
        if not node.loop.consumers and any(isinstance(one, Joins) for one in nodes(node.body)):
            # a loop over what was handed over: where it has no round, nothing was
            behind = {state._replace(pending=None, unflushed=None) for state in behind}
        retries = not node.loop.consumers and self._last_try_differs(node)
        for _ in range(1 if node.bounded == 1 else _ROUNDS):
            new = now - seen
            if not new:
                break
            seen |= new
            result = self.story(node.body, new)
            ended = result.going | result.take("continue")
            if node.loop.consumers:
                ended = {next_record(state, self.events.single) for state in ended}
            elif retries:
                ended = {undecided(state) for state in ended}
            after = {self._fresh(node, state) for state in ended}
            ends.going |= result.take("break")
            ends.add(result)
            if not node.endless:
                behind |= after
            now = after
        if behind:
            ends.add(self.story(node.orelse, behind), going=True)
        return ends

    def _takes(self, node: Round) -> bool:
        """Whether records are taken in a loop, not only gone through."""
        if id(node) not in self.takes:
            polls = self.events.polls
            self.takes[id(node)] = any(id(one) in polls for one in nodes(node.body))
        return self.takes[id(node)]

    def _last_try_differs(self, node: Round) -> bool:
        """Whether a handler in a loop decides what to do: it may have counted the tries."""
        return any(
            isinstance(inner, Fork) and any(self._matters(body) for _, body in inner.branches)
            for one in nodes(node.body)
            if isinstance(one, Attempt)
            for handler in one.handlers
            for inner in nodes(handler.body)
        )

    def _matters(self, body: Story) -> bool:
        events = self.events
        acts = (events.effects, events.commits, events.seeks)
        return any(
            isinstance(one, (Leaves, Unseen, Keeps)) or any(id(one) in some for some in acts)
            for one in nodes(body)
        )

    def _fresh(self, node: Round, state: State) -> State:
        """A new round decides anew what is decided in it."""
        if not state.choices:
            return state
        if id(node) not in self.inside:
            self.inside[id(node)] = frozenset(
                one.choice for one in nodes(node.body) if isinstance(one, (Fork, Attempt))
            )
        inside = self.inside[id(node)]
        kept = frozenset(one for one in state.choices if one[0] not in inside)
        return state if len(kept) == len(state.choices) else state._replace(choices=kept)

    def called(self, node: Called, states: set[State]) -> Ends:
        if not node.body:
            # what was not followed may have waited for all that was sent
            lost = {self._maybe_handled(state) for state in states}
            return Ends({state._replace(unflushed=None) for state in lost})
        self.calls.append(node)
        ends = self.story(node.body, states)
        self.calls.pop()
        ends.going |= ends.take("return")
        if node.generator:
            ends.raised = {(state, replace(cause, around=False)) for state, cause in ends.raised}
            ends.going |= ends.take("out-break")
            ends.left.setdefault("return", set()).update(ends.take("out-return"))
            for state in [one for one in ends.going if one.deferred is not None]:
                ends.going.discard(state)
                kind = _DEFERRED[state.deferred or ""]
                ends.left.setdefault(kind, set()).add(state._replace(deferred=None))
        return ends

    def yields(self, node: Yields, states: set[State]) -> Ends:
        ends = self.story(node.body, states)
        if not node.thrown:
            ends.raised = {(state, replace(cause, around=True)) for state, cause in ends.raised}
        ends.going |= ends.take("continue")
        for kind in _DEFERRED:
            deferred = ends.take(kind)  # type: ignore[arg-type]
            ends.going |= {state._replace(deferred=kind) for state in deferred}  # type: ignore[arg-type]
        return ends

    def leaves(self, node: Leaves, states: set[State]) -> Ends:
        if node.kind == "raise":
            if node.error is None:
                return Ends(raised={(state, cause_of(state)) for state in states})
            return Ends(raised={(state, Cause("raise", node.error)) for state in states})
        return Ends(left={node.kind: set(states)})

    def attempt(self, node: Attempt, states: set[State]) -> Ends:
        body = self.story(node.body, states)
        ends = Ends(left=dict(body.left))
        succeeded = {self.decided(state, node.choice, "succeeds") for state in body.going}
        ends.add(self.story(node.orelse, succeeded), going=True)
        if node.leaving:
            for kind in list(ends.left):
                ends.left[kind] = self.story(node.leaving, ends.left[kind]).going
        first = first_effect(node.body, self.events.effects)
        inside = self._effects_in(node.body) if any(s.held for s, _ in body.raised) else set()
        for state, cause in body.raised:
            if state.held is not None and state.held[0] in inside:
                # its row goes with the record that failed: what fails is told of, not the order
                state = state._replace(held=None)
            self._handled(node, state, cause, first, ends)
        return self._finally(node, ends) if node.final else ends

    def _handled(
        self, node: Attempt, state: State, cause: Cause, first: Effect | None, ends: Ends
    ) -> None:
        """Lead an exception to the handlers that may catch it, or on."""
        for handler in () if cause.around else node.handlers:
            verdict = catches(handler.names, cause)
            if verdict is False:
                continue
            entered = self.decided(state, node.choice, handler.label)
            header = header_of(span_of(handler.at))
            if not tells_apart(handler.body):
                entered = self._failing(entered, cause, first, header, verdict is True)
                entered = led_to(entered, node.choice, handler.label)
            caught = self.story(handler.body, {entered})
            asked = bool(self.calls) and self.calls[-1].used and self.events.tells(handler.at)
            if asked or self._remembers(handler.at):
                caught = forgotten(caught)
            ends.add(outside(caught), going=True)
            if verdict is True:
                return
        ends.raised.add((state, cause))

    def _remembers(self, at: At) -> bool:
        if at not in self.remembered:
            self.remembered[at] = self.events.remembers(at)
        return self.remembered[at]

    def _failing(
        self, state: State, cause: Cause, first: Effect | None, handler: Span, sure: bool
    ) -> State:
        """The state in a handler: which effect did not come about, if one did not."""
        failed = state.failed
        if failed is not None and failed.inside:
            return state._replace(failed=failed._replace(handler=handler))
        if (cause.kind != "effect" and cause.effect is None) or not state.polled:
            return state
        if state.elsewhere:
            return state  # it has failed before, and is kept
        effect = cause.effect or state.done or first
        if effect is None:
            return state
        return state._replace(failed=Failed(effect, handler, True, sure and bool(cause.effect)))

    def _finally(self, node: Attempt, ends: Ends) -> Ends:
        result = Ends()
        result.add(self.story(node.final, ends.going), going=True)
        for kind, states in ends.left.items():
            ended = self.story(node.final, states)
            result.left.setdefault(kind, set()).update(ended.going)
            ended.going = set()
            result.add(ended)
        span = span_of(node.final_at or node.at)
        for state, cause in ends.raised:
            ended = self.story(node.final, {self._failing(state, cause, None, span, True)})
            result.raised |= {(one, cause) for one in ended.going}
            ended.going = set()
            result.add(outside(ended))
        return result

    def spawned(self, node: Spawned, states: set[State]) -> Ends:
        inner = list(nodes(node.body))
        if any(id(one) in self.events.polls for one in inner):
            self.story(node.body, {State()})  # the loop itself runs there
            return Ends(set(states))
        if node.how == "callback":
            return Ends(set(states))
        if any(id(one) in self.events.commits for one in inner):
            ends = self.story(node.body, states)
            return Ends(ends.going | ends.take("return"))
        effect = next(
            (self.events.effects[id(one)] for one in inner if id(one) in self.events.effects), None
        )
        if effect is None:
            return Ends(set(states))
        found: set[State] = set()
        for state in states:
            self._too_late(state, effect, ())
            found.add(state._replace(pending=state.pending or effect))
        return Ends(found)

    # Events -----------------------------------------------------------------------------------

    def event(self, node: Use | Execution, states: set[State]) -> Ends:
        key = id(node)
        events = self.events
        if key in events.polls:
            for state in states:
                if events.alone and state.failed is not None:
                    # what commits by itself takes the record that failed for done from now on
                    self._add("overtaken", state.failed.effect, None, state.failed, None)
            after = {
                s._replace(
                    polled=True,
                    stored=False,
                    committed=None,
                    rest=False,
                    elsewhere=False,
                    done=None,
                    failed=failed_earlier(s.failed),
                )
                for s in states
            }
            return Ends(after, raised={(state, Cause("kafka", "")) for state in states})
        if key in events.commits:
            return self._committed(events.commits[key], states)
        if key in events.effects:
            return self._effect(node, events.effects[key], states)
        if key in events.stores:
            if any(state.done is not None for state in states):
                self.after_work.add(span_of(node.at))
            return Ends({state._replace(stored=True) for state in states})
        if key in events.sent_offsets:
            if any(state.done is not None for state in states):
                self.after_work.add(span_of(node.at))
            sent = {state._replace(sent=True) for state in states}
            return Ends(sent, raised={(state, Cause("kafka", "")) for state in states})
        if key in events.aborts:
            return Ends({state._replace(sent=False) for state in states})
        if key in events.seeks:
            back = {s._replace(failed=None, polled=False, committed=None) for s in states}
            return Ends(back)
        if key in events.closes:
            for state in states:
                # what was caught in the loop ended there
                if state.failed is not None and not state.failed.earlier:
                    self._add("close", state.failed.effect, None, state.failed, node)
            return Ends(set(states))
        if key in events.flushes:
            site = events.flushes[key]
            return Ends(
                {
                    s._replace(unflushed=None) if s.unflushed and s.unflushed[0] == site else s
                    for s in states
                }
            )
        if isinstance(node, Execution):
            library = library_of(node)
            cause = Cause("effect" if library in self.libraries else "any", library)
            going = set(states)
            if node.method in _ENDS:
                going = {self._settled(node, state) for state in states}
            elif node.record and not tells_somebody(node):
                going = {self._maybe_handled(state) for state in states}
            given = (*node.args, *(value for _, value in node.keywords))
            if any(isinstance(one, KafkaClient) for one in given):
                # it may wait for what the producer holds
                going = {state._replace(unflushed=None) for state in going}
            return Ends(going, raised={(state, cause) for state in going})
        return Ends(set(states), raised={(state, Cause("kafka", "")) for state in states})

    def _effect(self, node: Use | Execution, effect: Effect, states: set[State]) -> Ends:
        ends = Ends()
        # what is only handed to a producer's buffer fails later, and elsewhere
        waited = effect.sink is not None or (isinstance(node, Use) and node.method in _AWAITED)
        cause = Cause("effect" if waited else "kafka", library_of(node), effect)
        for state in states:
            if state.failed is not None and state.failed.inside:
                # what is done for a record that failed keeps it from being lost; that this fails as
                # well is not looked at
                kept = state._replace(failed=None, done=effect, elsewhere=True)
                ends.going.add(kept)
                ends.raised.add((kept, cause))
                continue
            self._too_late(state, effect, effect.path)
            failed = state.failed
            if failed is not None and APART.search(_target(effect)):
                failed = None
            if failed is not None and not failed.earlier and failed.effect.span == effect.span:
                failed = None  # tried again
            after = state._replace(failed=failed, done=effect)
            if id(node) in self.events.unflushed:
                after = after._replace(unflushed=(self.events.unflushed[id(node)], effect))
            if effect.many and state.kept:
                after = after._replace(kept=False)
            if effect.sink is not None and effect.sink.kind == "table" and after.held is None:
                after = after._replace(held=(effect, None))
            ends.going.add(after)
            ends.raised.add((state, cause))
        return ends

    def _too_late(self, state: State, effect: Effect, path: tuple[Step, ...]) -> None:
        """An effect after the commit that covers its record."""
        if state.committed is not None and not (effect.output and state.committed.transactional):
            self._add("before", effect, state.committed, None, None, state.rest)
        elif effect.many and isinstance(state.kept, Commit):
            self._add("before", effect, state.kept, None, None)

    def _settled(self, node: Execution, state: State) -> State:
        """The state behind the end of a database's transaction."""
        if state.held is None:
            return state
        effect, commit = state.held
        if self.holders.get(id(effect)) != holder(node):
            return state
        if node.method == "commit" and commit is not None:
            path = (*commit.path, Step(span_of(node.at), "its database commits here"))
            self._add("before", effect, replace(commit, path=path), None, None, held=True)
        return state._replace(held=None)

    def within(self, node: Within, states: set[State]) -> Ends:
        """The body of a `with`; one that begins a database transaction commits it at its end."""
        ends = self.story(node.body, states)
        if not isinstance(node.manager, Foreign) or not node.manager.path.endswith(BEGINS):
            return ends
        inside = self._effects_in(node.body)
        ends.going = {self._durable(state, inside, node.at) for state in ends.going}
        for kind, left in ends.left.items():
            if kind != "exit":
                ends.left[kind] = {self._durable(state, inside, node.at) for state in left}
        return ends

    def _effects_in(self, body: Story) -> set[Effect]:
        effects = self.events.effects
        return {effects[id(one)] for one in nodes(body) if id(one) in effects}

    def _durable(self, state: State, inside: set[Effect], at: At) -> State:
        if state.held is None or state.held[0] not in inside:
            return state
        effect, commit = state.held
        if commit is not None:
            path = (*commit.path, Step(span_of(at), "its database commits at the end of this"))
            self._add("before", effect, replace(commit, path=path), None, None, held=True)
        return state._replace(held=None)

    def _committed(self, commit: Commit, states: set[State]) -> Ends:
        ends = Ends()
        for state in states:
            ends.raised.add((state, Cause("kafka", "")))
            if commit.transactional and not state.sent:
                ends.going.add(state)
                continue
            if state.done is not None and (state.failed is None or state.failed.earlier):
                self.after_work.add(commit.span)
            covers = commit.covers in ("delivered", "record", "offsets") or state.stored
            covers = covers and not commit.collected
            if not covers or not (state.polled or state.failed):
                ends.going.add(state)
                continue
            if commit.offset == "own":
                # the record in hand is not covered by it, only those before it
                if state.failed is not None and state.failed.earlier:
                    self._add("overtaken", state.failed.effect, commit, state.failed, None)
                ends.going.add(state)
                continue
            if state.failed is not None:
                kind: MisorderKind = "failure" if state.failed.inside else "overtaken"
                self._add(kind, state.failed.effect, commit, state.failed, None)
            if state.pending is not None:
                self._add("unawaited", state.pending, commit, None, None)
            if state.unflushed is not None and not commit.transactional:
                self._add("unflushed", state.unflushed[1], commit, None, None)
            kept: Commit | bool = state.kept
            if kept is True and commit.covers != "stored":
                kept = commit
            ends.going.add(
                state._replace(
                    committed=commit if state.polled and not state.elsewhere else None,
                    failed=None,
                    rest=False,
                    held=(state.held[0], state.held[1] or commit) if state.held else None,
                    kept=kept,
                    sent=False,
                    stored=False,
                )
            )
        return ends

    def unseen(self, node: Unseen, states: set[State]) -> Ends:
        after = set(states)
        if node.record and not QUIET.search(node.name):
            after = {self._maybe_handled(state) for state in states}
        if node.clients:
            after = {state._replace(unflushed=None) for state in after}
        return Ends(after)

    def _maybe_handled(self, state: State) -> State:
        """Something that is not known was done in a handler: perhaps all that was needed."""
        if state.failed is not None and state.failed.inside:
            return state._replace(failed=None)
        return state

    # Findings ---------------------------------------------------------------------------------

    def _add(
        self,
        kind: MisorderKind,
        effect: Effect,
        commit: Commit | None,
        failed: Failed | None,
        node: Use | Execution | None,
        rest: bool = False,
        held: bool = False,
    ) -> None:
        key = (kind, effect.span, commit.span if commit is not None else None)
        steps: list[Step] = [self.events.taken]
        committed = commit.path if commit is not None else ()
        if kind == "before" and not held:
            steps += [*committed, *effect.path]
        else:
            steps += effect.path
            if failed is not None and failed.handler is not None:
                steps.append(Step(failed.handler, "its failure leads here"))
            steps += committed
        if node is not None:
            steps.append(Step(span_of(node.at), "closes the consumer here"))
        confidence: Confidence = "high" if failed is None or failed.sure else "medium"
        if effect.sink is not None and effect.sink.confidence == "low":
            if kind == "before":
                return  # what follows may have nothing of the record
            confidence = "low"
        handler = failed.handler if failed is not None else None
        path = tuple(dict.fromkeys(steps))
        found = Misorder(kind, effect, commit, path, handler, confidence, rest, held)
        known = self.found.get(key)
        if known is None or _preference(found) < _preference(known):
            self.found[key] = found


def _place(one: Misorder) -> tuple[Span, Span, str]:
    return one.effect.span, one.commit.span if one.commit is not None else one.effect.span, one.kind


def _preference(one: Misorder) -> tuple[object, ...]:
    """The surest of several ways comes first, then the shortest, then the first in the code."""
    places = tuple((step.span, step.label) for step in one.path)
    return -CONFIDENCES.index(one.confidence), len(places), places, one.rest, one.held


def _target(effect: Effect) -> str:
    """The name of what an effect writes to, as far as it is known."""
    if effect.sink is not None:
        return effect.sink.table or effect.sink.target or ""
    return effect.what.rpartition(" to ")[2]


_DEFERRED: dict[str, LeavesKind] = {
    "with-return": "return",
    "with-break": "break",
    "with-continue": "continue",
}
