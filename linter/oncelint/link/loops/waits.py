"""What happens between two polls of a consume loop: pauses, and work that is handed over.

Pure functions over a loop's story. `body` is the body of the loop that takes the records; the
places of effects are known to whoever asks (`EffectOf`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from oncelint.flow.values import Abs, At, Ext, Foreign, Items, Lit
from oncelint.link.paths import called
from oncelint.model.pipelines import Effect, Handover, Wait
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


_NOTHING: tuple[float, frozenset[int]] = (0.0, frozenset())


def _longest(story: Story, known: dict[int, Wait]) -> tuple[float, frozenset[int]]:
    """The longest known time on a way through a story, and the nodes that make it up."""
    total, chosen = 0.0, frozenset[int]()
    for node in story:
        wait = known.get(id(node))
        if wait is not None:
            spent = (wait.seconds or 0.0) * (wait.times or 1)
            total, chosen = total + spent, chosen | {id(node)}
        elif isinstance(node, Fork):
            # no poll comes after a branch that ends the program
            staying = [one for _, one in node.branches if not _ends_program(one)]
            more = max((_longest(one, known) for one in staying), key=_length, default=_NOTHING)
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


def _ends_program(story: Story) -> bool:
    return any(isinstance(node, Leaves) and node.kind == "exit" for node in story)


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
        elif isinstance(node, Keeps) and is_queue(node.into):
            done = effect_of(node)
            effects, how, at = (done,) if done is not None else (), node.into, node.at
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


def is_queue(into: str) -> bool:
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
