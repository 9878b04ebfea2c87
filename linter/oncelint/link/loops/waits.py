"""What happens between two polls of a consume loop: pauses, batches, and work that is handed over.

Pure functions over a loop's story. `body` is the body of the loop that takes the records; the
places of effects are known to whoever asks (`EffectOf`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from oncelint.flow.blocks import span_of
from oncelint.flow.story import (
    Attempt,
    Called,
    Fork,
    Joins,
    Keeps,
    Leaves,
    Node,
    Round,
    Spawned,
    Story,
    Waits,
    bodies,
    nodes,
)
from oncelint.flow.trace import Execution, Use
from oncelint.flow.values import Abs, At, Ext, Foreign, Items, KafkaClient, Lit, Missing, Phi, Rec
from oncelint.link.paths import called
from oncelint.model.pipelines import Batch, Effect, Handover, Wait
from oncelint.model.project import Step
from oncelint.model.values import Span

EffectOf: TypeAlias = Callable[[Node], Effect | None]

_POLLS = frozenset({"poll", "consume", "getone", "getmany"})
_ITERATES = frozenset({"__next__", "__anext__", "next"})

# Waits ------------------------------------------------------------------------------------------

# Functions and clients whose call does not come back before the other side has answered. Their
# asyncio variants have a name of their own.
_BLOCKING = frozenset(
    {"requests", "urllib", "urllib3", "http", "smtplib", "subprocess", "ftplib", "psycopg2"}
    | {"psycopg", "pymysql", "MySQLdb", "mysql", "sqlite3", "pymongo", "boto3", "redis", "peewee"}
    | {"sqlalchemy", "cassandra", "elasticsearch", "opensearchpy", "clickhouse_driver", "stripe"}
    | {"clickhouse_connect", "influxdb", "twilio", "paramiko", "snowflake", "oracledb", "pyodbc"}
)
_ASYNC_WORDS = ("async", "aio", "Async")
_HTTP = frozenset({"requests", "urllib", "urllib3", "httpx"})
_HTTP_CALLS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "request", "urlopen"}
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a round something stands: the calls that lead there and how often it is run."""

    path: tuple[Step, ...]
    times: float | None = 1
    per: Literal["", "batch", "iteration"] = ""
    records: int | None = None
    elsewhere: bool = False


def waits(body: Story, start: tuple[Step, ...] = ()) -> tuple[Wait, ...]:
    """The pauses of a round, in the order of the code.

    `start` leads to the loop's poll. Pauses of a branch or a handler are not taken to come with
    every record. `longest` is set on those of the way through the round that
    waits longest, as far as its pauses are known. Work that is handed over does not count.
    """
    first = next((node for node in nodes(body) if isinstance(node, Use)), None)
    iterates = any(isinstance(n, Use) and n.method in _ITERATES for n in body) or (
        first is not None and first.method in _ITERATES
    )
    place = _Place(start, per="iteration" if iterates else "", records=_at_most(body))
    found = list(_waits(body, place))
    chosen = _longest(body, {id(node): wait for node, wait in found})[1]
    return tuple(replace(wait, longest=id(node) in chosen) for node, wait in found)


def _waits(story: Story, place: _Place) -> Iterator[tuple[Node, Wait]]:
    for node in story:
        if isinstance(node, Waits):
            yield node, _wait(node.at, node.what, node.seconds, node.blocks, "sleep", place)
        elif isinstance(node, Execution):
            wait = _answer(node, place)
            if wait is not None:
                yield node, wait
        elif not isinstance(node, Spawned):
            inside = _inside(node, place)
            seldom = replace(inside, per="")
            if isinstance(node, Attempt):
                # a failure is not supposed to come with every record
                ends = (*node.orelse, *node.leaving, *node.final)
                yield from _waits(node.body, inside)
                for handler in node.handlers:
                    yield from _waits(handler.body, seldom)
                yield from _waits(ends, inside)
                continue
            for inner in bodies(node):
                yield from _waits(inner, seldom if isinstance(node, Fork) else inside)


def _inside(node: Node, place: _Place) -> _Place:
    if isinstance(node, Called):
        path = (*place.path, called(node))
        return replace(place, path=path, elsewhere=place.elsewhere or _in_thread(node))
    if isinstance(node, Round):
        if node.loop.consumers and not node.endless and node.bounded is None:
            return replace(place, per="batch")
        unbounded = node.bounded is None or place.times is None
        return replace(place, times=None if unbounded else place.times * node.bounded)  # type: ignore[operator]
    return place


def _in_thread(node: Called) -> bool:
    """Whether a function is run in a thread that is awaited."""
    return node.name.rpartition(".")[2] in ("to_thread", "run_in_executor", "run_sync")


def _wait(
    at: At,
    what: str,
    seconds: float | None,
    blocks: bool,
    kind: Literal["sleep", "answer"],
    place: _Place,
) -> Wait:
    span = span_of(at)
    path = (*place.path, Step(span, "waits here"))
    return Wait(
        span,
        what,
        seconds,
        place.times,
        blocks and not place.elsewhere,
        path,
        kind,
        place.per,
        records=place.records if place.per == "batch" else None,
    )


def _at_most(body: Story) -> int | None:
    """How many records one poll of a round gives at most, where it is told in the call."""
    for node in nodes(body):
        if isinstance(node, Use) and node.method in _POLLS:
            named = dict(node.keywords)
            given = named.get("max_records", named.get("num_messages"))
            if given is None and node.method == "consume" and node.args:
                given = node.args[0]
            if isinstance(given, Lit) and isinstance(given.value, int):
                return given.value
    return None


def root_of(execution: Execution) -> str:
    """The dotted name an outside call begins with: `requests.post`, `psycopg2.connect().cursor()`;
    empty when it is not known."""
    receiver = execution.receiver
    if isinstance(receiver, Ext):
        return receiver.name
    return receiver.path if isinstance(receiver, Foreign) else ""


def _blocks(dotted: str) -> bool:
    """Whether a call of that name keeps its thread until the other side has answered."""
    top = dotted.partition(".")[0].partition("(")[0]
    if dotted.startswith(("urllib.parse", "http.HTTPStatus", "subprocess.Popen")):
        return False
    return top in _BLOCKING and not any(word in dotted for word in _ASYNC_WORDS)


def _answer(execution: Execution, place: _Place) -> Wait | None:
    """A call that waits for an answer: with a timeout that is written, or holding its thread."""
    dotted = root_of(execution)
    blocks = _blocks(dotted)
    name = execution.method.rpartition(".")[2]
    seconds = None
    if name in _HTTP_CALLS and dotted.partition(".")[0] in _HTTP:
        seconds = _timeout(dict(execution.keywords).get("timeout"))
    if not blocks and seconds is None:
        return None
    what = dotted if isinstance(execution.receiver, Ext) else f"{dotted}.{execution.method}"
    return _wait(execution.at, what, seconds, blocks, "answer", place)


def _timeout(value: Abs | None) -> float | None:
    """Seconds of a timeout; a pair is one for connecting and one for reading."""
    if isinstance(value, Items) and value.exact and value.items:
        parts = [_timeout(item) for item in value.items]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None
    if isinstance(value, Lit) and isinstance(value.value, (int, float)):
        return None if isinstance(value.value, bool) else float(value.value)
    return None


def _longest(story: Story, known: dict[int, Wait]) -> tuple[float, frozenset[int]]:
    """The longest known time on a way through a story, and the nodes that make it up."""
    total, chosen = 0.0, frozenset[int]()
    for node in story:
        wait = known.get(id(node))
        if wait is not None:
            spent = (wait.seconds or 0.0) * (wait.times or 1)
            total, chosen = total + spent, chosen | {id(node)}
        elif isinstance(node, Fork):
            more = max((_longest(one, known) for _, one in node.branches), key=_length)
            total, chosen = total + more[0], chosen | more[1]
        elif isinstance(node, Attempt):
            handlers = [_longest(one.body, known) for one in node.handlers]
            ends = [_longest(node.orelse, known), *handlers]
            parts = (
                _longest(node.body, known),
                max(ends, key=_length),
                _longest(node.final, known),
            )
            total += sum(part[0] for part in parts)
            chosen = chosen.union(*(part[1] for part in parts))
        elif not isinstance(node, Spawned):
            for inner in bodies(node):
                more = _longest(inner, known)
                total, chosen = total + more[0], chosen | more[1]
        if isinstance(node, Leaves):
            break
    return total, chosen


def _length(part: tuple[float, frozenset[int]]) -> tuple[float, int]:
    return part[0], len(part[1])


def suspends(body: Story) -> bool:
    """Whether the body of an async loop gives other tasks a turn while it has a record in hand.

    Whatever is not awaited holds the event loop until it is done.
    """
    for node in _here(body):
        if isinstance(node, Waits) and not node.blocks:
            return True
        if isinstance(node, (Joins, Spawned)) or (isinstance(node, Called) and _in_thread(node)):
            return True
        if isinstance(node, Execution) and node.awaited:
            return True
        if isinstance(node, Use) and node.method not in _POLLS | _ITERATES | {"commit"}:
            return True
    return False


def _here(story: Story) -> Iterator[Node]:
    """The nodes of a story that are not handed to others."""
    for node in story:
        yield node
        if not isinstance(node, Spawned):
            for inner in bodies(node):
                yield from _here(inner)


# Work that is handed over -----------------------------------------------------------------------


def handovers(
    body: Story, effect_of: EffectOf, start: tuple[Step, ...] = ()
) -> tuple[Handover, ...]:
    """Where a round gives records to threads, tasks, executors or queues of the same process."""
    # exception() is a logger's as often as a future's
    waited = any(isinstance(node, Joins) and node.what != "exception" for node in _here(body))
    found: dict[Span, Handover] = {}
    for node, path in _with_paths(body, start):
        if isinstance(node, Spawned) and node.record and node.how != "callback":
            effects = tuple(_effects(node.body, effect_of))
            how, at = node.how, node.at
        elif isinstance(node, Keeps) and _is_queue(node.into):
            effects, how, at = (), node.into, node.at
        else:
            continue
        span = span_of(at)
        steps = (*path, Step(span, "handed over here"))
        one = found.get(span)
        if one is None:
            found[span] = Handover(span, how, waited, effects, steps)
        else:
            found[span] = replace(one, effects=tuple(dict.fromkeys((*one.effects, *effects))))
    return tuple(found.values())


def _is_queue(into: str) -> bool:
    return "queue" in into.lower() and "deque" not in into


def _with_paths(story: Story, path: tuple[Step, ...]) -> Iterator[tuple[Node, tuple[Step, ...]]]:
    for node in story:
        yield node, path
        if isinstance(node, Spawned):
            continue
        inner = path
        if isinstance(node, Called):
            inner = (*path, called(node))
        for one in bodies(node):
            yield from _with_paths(one, inner)


def _effects(story: Story, effect_of: EffectOf) -> Iterator[Effect]:
    found = (effect_of(node) for node in nodes(story))
    yield from dict.fromkeys(effect for effect in found if effect is not None)


# Batches ----------------------------------------------------------------------------------------


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
        if state.kept is None or state.done or _is_queue(state.kept.into):
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


# The consumer's own calls -----------------------------------------------------------------------


def closes(story: Story, site: int) -> tuple[tuple[Span, bool], ...]:
    """The close() and stop() calls of a consumer that commit what was delivered, with whether
    they are reached by an exception of the loop that takes its records."""
    found: dict[Span, bool] = {}
    for use, after in _closing(story, site, False):
        span = span_of(use.at)
        found[span] = found.get(span, False) or after
    return tuple(found.items())


def _closing(story: Story, site: int, after: bool) -> Iterator[tuple[Use, bool]]:
    for node in story:
        if isinstance(node, Use) and node.site == site and node.method in _CLOSES:
            if not _without_commit(node):
                yield node, after
        if isinstance(node, Attempt):
            loops = _takes_records(node.body, site)
            yield from _closing(node.body, site, after)
            yield from _closing(node.orelse, site, after)
            for handler in node.handlers:
                yield from _closing(handler.body, site, after or loops)
            yield from _closing(node.final, site, after or loops)
        else:
            for inner in bodies(node):
                yield from _closing(inner, site, after)


_CLOSES = frozenset({"close", "stop", "__exit__", "__aexit__"})


def _without_commit(use: Use) -> bool:
    """kafka-python's `close(autocommit=False)`."""
    given = dict(use.keywords).get("autocommit", use.args[0] if use.args else None)
    return isinstance(given, Lit) and given.value is False


def _takes_records(story: Story, site: int) -> bool:
    return any(isinstance(node, Round) and site in node.loop.consumers for node in nodes(story))


def handles_revocation(uses: Iterable[Use], site: int) -> bool:
    """Whether a consumer's subscription comes with something that is told of a rebalance.

    confluent-kafka takes on_revoke and on_lost, kafka-python and aiokafka a listener.
    """
    return any(
        use.site == site and use.method == "subscribe" and any(map(_given, _callbacks(use)))
        for use in uses
    )


def _callbacks(use: Use) -> Iterator[Abs]:
    yield from use.args[2:]
    yield from (v for name, v in use.keywords if name in ("on_revoke", "on_lost", "listener"))


def _given(value: Abs) -> bool:
    return not isinstance(value, (Missing, KafkaClient)) and not (
        isinstance(value, Lit) and value.value is None
    )
