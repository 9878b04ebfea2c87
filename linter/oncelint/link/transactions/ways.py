"""One story with a producer's states at each of its points, and what goes wrong on its ways.

A problem is told where every way to a point leaves the producer in a state in which every next step
from there fails: branches that are decided by the same flag then never count against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from oncelint.flow.blocks import span_of
from oncelint.flow.story import (
    Called,
    Catches,
    Keeps,
    Leaves,
    LeavesKind,
    Spawned,
    Unseen,
    Waits,
    Within,
    nodes,
)
from oncelint.flow.trace import Execution, Use
from oncelint.flow.values import At
from oncelint.frameworks.python.clients import POLLS
from oncelint.link.loops.naming import named
from oncelint.link.outline import all_nodes
from oncelint.link.paths import header_of
from oncelint.link.transactions.graph import Point
from oncelint.link.transactions.typestate import (
    AFTER,
    LABELS,
    METHODS,
    Mark,
    Raised,
    Subject,
    trail,
)
from oncelint.model import ir
from oncelint.model.pipelines import Effect, ProtocolProblem, Wait
from oncelint.model.sinks import Sink
from oncelint.model.values import Span

# What moves a consumer to another position, or ends it.
_MOVES = frozenset(
    {"seek", "seek_to_beginning", "seek_to_end", "seek_to_committed", "assign", "unassign", "close"}
    | {"incremental_assign", "incremental_unassign", "subscribe", "unsubscribe", "stop", "pause"}
)
# Names by which an error is asked what it is: confluent_kafka.KafkaError, kafka.errors.
_TELLING = frozenset(
    {"txn_requires_abort", "retriable", "fatal", "code", "name", "isinstance", "type"}
)


@dataclass(frozen=True, slots=True)
class _State:
    """A state, and the point that put the producer in it."""

    kind: str
    since: Point | None


_UNKNOWN = _State("unknown", None)


@dataclass(slots=True)
class _Reached:
    """What may come next: the events, whether a way leads out of the story or the process ends,
    and the handlers that were entered on the way, first ones first."""

    events: list[Point] = field(default_factory=list)
    out: bool = False
    ends: bool = False
    handlers: list[Catches] = field(default_factory=list)


class Walk:
    """One story as a graph, with the states at each of its points."""

    def __init__(self, producer: Subject, points: Sequence[Point], entry: Point) -> None:
        self.of = producer
        self.points = points
        self.events = {id(point): producer.event(point) for point in points}
        self.states = self._states(entry)

    def _states(self, entry: Point) -> dict[int, frozenset[_State]]:
        """The states in which each point is reached, over all ways."""
        states: dict[int, frozenset[_State]] = {id(entry): frozenset({_UNKNOWN})}
        queue = [entry]
        while queue:
            point = queue.pop()
            before = states[id(point)]
            event = self.events[id(point)]
            kind = AFTER.get(event or "")
            # what is wrong in a state raises, and no way leads on from there
            right = frozenset(one for one in before if self.of.wrong(one.kind, event or "") is None)
            after = right if kind is None or not right else frozenset({_State(kind, point)})
            onward = [(one, after) for one in point.then]
            onward.extend((one, before) for _, one in point.handlers)
            if point.fails is not None:
                # a `with` that an exception leaves has undone its transaction
                onward.append((point.fails, after if point.role == "undo" else before))
            for other, given in onward:
                known = states.get(id(other), frozenset())
                if not given <= known:
                    states[id(other)] = known | given
                    queue.append(other)
        return states

    def all_open(self, point: Point) -> bool:
        states = self.states.get(id(point), frozenset())
        return bool(states) and all(one.kind == "open" for one in states)

    # Problems -------------------------------------------------------------------------------------

    def judge(self) -> None:
        self.failures()
        self.protocol()
        for point in self.points:
            node = point.node
            if point.role or not isinstance(node, (Execution, Waits)) or not self.all_open(point):
                continue
            if isinstance(node, Waits):
                self.of.spent.append(
                    Wait(span_of(node.at), node.what, node.seconds, 1, node.blocks, ())
                )
            for sink in self.of.sinks.get(id(node), ()):
                self.external(point, sink)

    def external(self, point: Point, sink: Sink) -> None:
        begin = next(iter(self.states[id(point)])).since
        steps = trail(self.marks([begin, point]))
        effect = Effect(sink.span, named(sink), sink=sink)
        self.of.found.add(
            ProtocolProblem("external-write", sink.span, steps, effect, confidence=sink.confidence)
        )

    def protocol(self) -> None:
        """Points at which all states are such that all that may come next fails."""
        for point in self.points:
            event = self.events[id(point)]
            states = self.states.get(id(point), frozenset())
            if event is not None:
                coming = [point]
            elif point.role == "jump":
                reached = self.next_of(point)
                coming = reached.events
            else:
                continue
            if not coming or not states:
                continue
            for other in coming:
                kinds = {self.of.wrong(one.kind, self.events[id(other)] or "") for one in states}
                if None in kinds:
                    break
            else:
                self.tell_wrong(point, states, coming[0])

    def tell_wrong(self, point: Point, states: Iterable[_State], end: Point) -> None:
        state = min(states, key=lambda one: _order(one.since))
        kind = self.of.wrong(state.kind, self.events[id(end)] or "")
        if kind is None or end.node is None:
            return
        marks = self.marks([state.since])
        if isinstance(point.node, Leaves):
            marks.append(Mark(span_of(point.node.at), _LEAVING[point.node.kind]))
        if state.since is not end:
            marks.extend(self.marks([end]))
        problem = ProtocolProblem(kind, self.span(end), trail(marks), method=_method(end))
        self.of.found.add(problem)

    def failures(self) -> None:
        """What becomes of an exception between begin and commit."""
        taken: dict[int, tuple[Catches, list[Point]]] = {}
        for point in self.points:
            raised = self.raises(point)
            if raised is None or point.fails is None or not self.all_open(point):
                continue
            surely = self.after_failure(point, raised, may=False)
            everything = self.after_failure(point, raised, may=True)
            coming = {self.events[id(one)] for one in everything.events}
            if coming == {"abort"}:
                self.skipped(point, raised, everything.events)
            elif coming == {"begin"} and surely.events and surely.handlers:
                handler = surely.handlers[0]
                if not self.gives_away(handler):
                    taken.setdefault(id(handler), (handler, []))[1].append(point)
        for handler, points in taken.values():
            self.tell_unaborted(handler, points)
        self.endless(set(taken))

    def tell_unaborted(self, handler: Catches, points: Sequence[Point]) -> None:
        ordered = sorted(points, key=_order)
        kinds = {self.events[id(one)] for one in ordered}
        kind = "error-swallowed" if kinds <= {"commit", "offsets"} else "never-aborted"
        failing = next((one for one in ordered if self.events[id(one)] == "produce"), ordered[0])
        begin = next(iter(self.states[id(failing)])).since
        surely = self.after_failure(failing, self.raises(failing) or "any", may=False)
        marks = [
            *self.marks([begin, failing]),
            Mark(header_of(span_of(handler.at)), "caught here"),
            *self.marks([surely.events[0]], "the next one begins here"),
        ]
        if kind == "error-swallowed" and self.tells_apart(handler):
            return
        self.of.found.add(
            ProtocolProblem(
                kind,
                header_of(span_of(handler.at)),
                trail(marks, header_of(span_of(handler.at))),
                handler=span_of(handler.at),
                method=_method(failing),
            )
        )

    def endless(self, known: set[int]) -> None:
        """An abort that fails (the producer is fenced, say) and whose failure ends nothing."""
        for point in self.points:
            if self.events[id(point)] != "abort" or point.fails is None or point.role == "undo":
                continue
            if not all(one.kind in ("open", "ready") for one in self.states.get(id(point), ())):
                continue
            surely = self.after_failure(point, "client", may=False)
            if not surely.handlers or id(surely.handlers[0]) in known:
                continue
            handler = surely.handlers[0]
            if self.goes_on(point) and not self.tells_apart(handler):
                begin = next(one for one in surely.events if self.events[id(one)] == "begin")
                marks = [
                    *self.marks([point]),
                    Mark(header_of(span_of(handler.at)), "caught here"),
                    *self.marks([begin], "the next one begins here"),
                ]
                self.of.found.add(
                    ProtocolProblem(
                        "error-swallowed",
                        header_of(span_of(handler.at)),
                        trail(marks, header_of(span_of(handler.at))),
                        handler=span_of(handler.at),
                        method=_method(point),
                    )
                )

    def goes_on(self, abort: Point) -> bool:
        """Whether work begins again for ever, whatever the abort and all that follows raise."""
        first = self.after_failure(abort, "client", may=True)
        if {self.events[id(one)] for one in first.events} != {"begin"} or first.out or first.ends:
            return False
        seen: dict[int, Point] = {}
        queue = [*first.events]
        while queue:
            point = queue.pop()
            if id(point) in seen:
                continue
            seen[id(point)] = point
            if self.events[id(point)] not in ("begin", "abort") or point.fails is None:
                return False
            reached = self.after_failure(point, "client", may=True)
            if reached.out or reached.ends or not reached.events:
                return False
            queue.extend(reached.events)
        return True

    def skipped(self, point: Point, raised: Raised, aborts: Sequence[Point]) -> None:
        """Records of an aborted transaction that no later one takes: the consumer stands behind
        them, and the offsets of the next transaction cover them."""
        if self.events[id(point)] not in ("produce", "commit", "offsets"):
            return
        if not any(use.method == "send_offsets_to_transaction" for use in self.of.uses):
            return
        node = point.node
        if not isinstance(node, Use):
            return
        sites = {
            site
            for loop in node.loops
            for site in loop.consumers
            if site in self.of.consumers and loop in [one for one, _ in self.of.feeding()]
        }
        following = [self.after_abort(one, raised) for one in aborts]
        if not sites or not following:
            return
        for coming in following:
            if coming.out or coming.ends or not coming.events:
                return
            for one in coming.events:
                taken = one.node
                if not isinstance(taken, Use) or taken.site not in sites:
                    return
                if taken.method not in POLLS:
                    return
        handler = aborts[0].handler or next(iter(following[0].handlers), None)
        if handler is None:
            return
        begin = next(iter(self.states[id(point)])).since
        polled = following[0].events[0]
        marks = [
            *self.marks([begin, point]),
            Mark(header_of(span_of(handler.at)), "caught here"),
            *(self.marks([aborts[0]]) if aborts[0].role != "undo" else ()),
            *self.marks([polled], "the next records are taken here"),
        ]
        self.of.found.add(
            ProtocolProblem(
                "position-kept",
                header_of(span_of(handler.at)),
                trail(marks, header_of(span_of(handler.at))),
                handler=span_of(handler.at),
                confidence="high" if any("Kafka" in name for name in handler.names) else "medium",
            )
        )

    def gives_away(self, handler: Catches) -> bool:
        """Whether a handler hands the error to something that cannot be seen."""
        return any(
            isinstance(node, Unseen) and node.record and not self.asks(node.name)
            for node in nodes(handler.body)
        )

    def asks(self, name: str) -> bool:
        return name.rpartition(".")[2] in _TELLING

    def tells_apart(self, handler: Catches) -> bool:
        """Whether a handler asks what kind of error it has, or hands it to what may."""
        for node in nodes(handler.body):
            if isinstance(node, Unseen) and node.record:
                return True
        loaded = self.of.module(handler.at.path)
        if loaded is None:
            return False
        for one in all_nodes(loaded.body):
            if isinstance(one, ir.Handler) and one.place == handler.at.place:
                return any(
                    (isinstance(inner, ir.Attribute) and inner.name in _TELLING)
                    or (isinstance(inner, ir.Name) and inner.id in _TELLING)
                    for inner in all_nodes(one.body)
                )
        return False

    # What comes next ------------------------------------------------------------------------------

    def raises(self, point: Point) -> Raised | None:
        """What a point may raise where that is certain enough to speak of it."""
        node = point.node
        if point.role == "raise":
            return _raised_by(point)
        if point.role:
            return None
        if self.events[id(point)] in ("produce", "commit", "offsets"):
            return "client"
        if isinstance(node, Execution):
            return "any"
        return None

    def next_of(self, point: Point) -> _Reached:
        """The events that may come next when nothing is raised but by raise statements."""
        return self.search([(one, "any") for one in point.then], may=True, stop=self.is_event)

    def after_failure(self, point: Point, raised: Raised, *, may: bool) -> _Reached:
        """The events that may come next when a point raises."""
        assert point.fails is not None
        return self.search([(point.fails, raised)], may=may, stop=self.is_event)

    def after_abort(self, point: Point, raised: Raised) -> _Reached:
        """What is done next behind an abort, for the producer or for anything else."""
        onward = [(one, raised) for one in point.then]
        if point.role == "undo" and point.fails is not None:
            onward.append((point.fails, raised))
        return self.search(onward, may=True, stop=self.is_deed)

    def is_event(self, point: Point) -> bool:
        return self.events[id(point)] is not None

    def is_deed(self, point: Point) -> bool:
        """Whether a point takes records, moves a consumer, or does what cannot be undone."""
        node = point.node
        if self.events[id(point)] is not None:
            return True
        if point.role:
            return False
        if isinstance(node, Use):
            return node.method in POLLS or node.method in _MOVES or node.method in METHODS
        return isinstance(node, (Execution, Unseen, Keeps, Spawned, Called))

    def search(
        self,
        begin: Iterable[tuple[Point, Raised]],
        *,
        may: bool,
        stop: Callable[[Point], bool],
    ) -> _Reached:
        """Follow all ways from some points to the next that `stop` names.

        `may`: handlers that perhaps catch what is raised are entered as well.
        """
        reached = _Reached()
        queue = list(begin)
        seen: set[tuple[int, Raised]] = set()
        while queue:
            point, raised = queue.pop(0)
            if (id(point), raised) in seen:
                continue
            seen.add((id(point), raised))
            if point.role == "catch":
                queue.extend(self.caught(point, raised, may, reached))
            elif stop(point):
                if point not in reached.events:
                    reached.events.append(point)
            elif point.role == "out":
                reached.out = True
            elif point.role in ("exit", "end"):
                reached.ends = reached.ends or point.role == "exit"
            elif point.role in ("raise", "undo"):
                if point.fails is not None:
                    queue.append((point.fails, _raised_by(point) or raised))
            else:
                queue.extend((one, raised) for one in point.then)
        return reached

    def caught(
        self, point: Point, raised: Raised, may: bool, reached: _Reached
    ) -> Iterator[tuple[Point, Raised]]:
        for handler, entry in point.handlers:
            verdict = self.of.takes(handler.names, raised)
            if verdict or (verdict is None and may):
                reached.handlers.append(handler)
                yield entry, raised
            if verdict:
                return
        if point.fails is not None:
            yield point.fails, raised

    # Telling --------------------------------------------------------------------------------------

    def span(self, point: Point) -> Span:
        node = point.node
        at = getattr(node, "at", None)
        assert isinstance(at, At)
        return span_of(at)

    def marks(self, points: Iterable[Point | None], label: str | None = None) -> list[Mark]:
        """Points as places on a path, with the calls that lead to them."""
        found = []
        for point in points:
            if point is None or point.node is None:
                continue
            event = self.events[id(point)] or ("raise" if point.role == "raise" else "call")
            told = label or LABELS.get(event, "called here")
            found.append(Mark(self.span(point), told, self.of.calls_to(point)))
        return found


_LEAVING: dict[LeavesKind, str] = {
    "continue": "goes on with the next round here",
    "with-continue": "goes on with the next round here",
    "break": "leaves the loop here",
    "with-break": "leaves the loop here",
    "out-break": "leaves the loop here",
    "return": "returns here",
    "with-return": "returns here",
    "out-return": "returns here",
}


def _raised_by(point: Point) -> Raised | None:
    """What a raise statement raises; None for what was caught and is raised again."""
    if not isinstance(point.node, Leaves) or point.node.error is not None:
        return point.node.error if isinstance(point.node, Leaves) else None
    return "any" if point.handler is None else None


def _method(point: Point) -> str:
    """The method that a point calls, as the user writes it."""
    if isinstance(point.node, Use):
        return point.node.method
    if isinstance(point.node, Within):
        return "transaction" if point.role == "enter" else "commit_transaction"
    return ""


def _order(point: Point | None) -> tuple[str, tuple[int, ...]]:
    """Points in the order of the code."""
    at = getattr(point.node, "at", None) if point is not None else None
    return (at.path, tuple(at.place)) if isinstance(at, At) else ("", ())
