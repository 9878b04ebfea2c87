"""What each node of a story does to a transactional producer, and what is wrong in which state.

The states of a producer are those of the clients' own transaction managers (librdkafka's
rdkafka_txnmgr.c, kafka/producer/transaction_manager.py, aiokafka/producer/transaction_manager.py):
fresh until init_transactions() (aiokafka: start()), ready, open between begin and its end, closed.
What is not seen is "unknown".
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from oncelint.flow.blocks import span_of
from oncelint.flow.story import Made, Spawned, Story, Unseen, Within, nodes
from oncelint.flow.trace import Execution, LoopContext, Use
from oncelint.flow.values import Abs, Bound, Built, Foreign, Items, KafkaClient, Phi
from oncelint.link.outline import Outline
from oncelint.link.transactions.graph import Point
from oncelint.model import ir
from oncelint.model.pipelines import ProtocolProblem, Wait
from oncelint.model.project import Consumer, Producer, Step
from oncelint.model.sinks import Sink
from oncelint.model.values import Span

# What the methods of a producer do to its state; all others leave it as it is.
METHODS = {
    "init_transactions": "init",
    "begin_transaction": "begin",
    "commit_transaction": "commit",
    "abort_transaction": "abort",
    "send_offsets_to_transaction": "offsets",
    "produce": "produce",
    "produce_batch": "produce",
    "send": "produce",
    "send_and_wait": "produce",
    "send_batch": "produce",
    "close": "close",
    "stop": "close",
}
AFTER = {
    "made": "fresh",
    "init": "ready",
    "begin": "open",
    "commit": "ready",
    "abort": "ready",
    "close": "closed",
    "blur": "unknown",
}
PROTOCOL = frozenset(
    {"init_transactions", "begin_transaction", "commit_transaction", "abort_transaction"}
    | {"send_offsets_to_transaction"}
)
_WRONG = {
    ("fresh", "begin"): "begin-before-init",
    ("open", "begin"): "begun-twice",
    ("fresh", "produce"): "produced-outside",
    ("ready", "produce"): "produced-outside",
    ("fresh", "offsets"): "offsets-outside",
    ("ready", "offsets"): "offsets-outside",
    ("fresh", "commit"): "committed-outside",
    ("ready", "commit"): "committed-outside",
    # rd_kafka_init_transactions() wants a fresh producer; kafka-python's does nothing the next time
    ("ready", "init"): "init-in-loop",
    ("open", "init"): "init-in-loop",
}
LABELS = {
    "made": "the producer is made here",
    "init": "initialised here",
    "begin": "the transaction begins here",
    "produce": "produces here",
    "offsets": "sends the offsets here",
    "commit": "commits here",
    "abort": "aborts here",
    "raise": "raises here",
    "call": "called here",
}

# What can be raised: "client" is the Kafka error of the producer's client, "any" something that is
# not known by name; all else is the dotted name of what a raise statement raises.
Raised: TypeAlias = str


def mentions(value: Abs, site: int) -> bool:
    """Whether a producer is, or is inside, a value that is handed on."""
    return site in clients_in(value)


def clients_in(value: Abs, depth: int = 0) -> Iterator[int]:
    """The sites of the clients that are, or are inside, a value that is handed on."""
    if isinstance(value, KafkaClient):
        yield value.site
    if depth > 4:
        return
    inner: Iterable[Abs] = ()
    if isinstance(value, Foreign):
        if value.path.endswith((".send()", ".produce()", ".send_and_wait()")):
            return  # the future of a record
        inner = value.made_from
    elif isinstance(value, Items):
        inner = value.items
    elif isinstance(value, Built):
        inner = [one for _, one in value.fields]
    elif isinstance(value, Phi):
        inner = [one for _, one in value.branches]
    elif isinstance(value, Bound):
        inner = (value.receiver,)
    for one in inner:
        yield from clients_in(one, depth + 1)


@dataclass(slots=True)
class Found:
    """Problems by what tells them apart, so that two ways to one are one."""

    problems: dict[tuple[str, Span], ProtocolProblem] = field(default_factory=dict)

    def add(self, problem: ProtocolProblem) -> None:
        self.problems.setdefault((problem.kind, problem.span), problem)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on a path, and the calls that lead to it; None where they are not known."""

    span: Span
    label: str
    calls: tuple[Step, ...] | None = None


def trail(marks: Sequence[Mark], near: Span | None = None) -> tuple[Step, ...]:
    """Places as steps, each behind the calls that lead to it from what they have in common; with
    `near`, from the last call that stands before that place in its file."""
    known = [one.calls for one in marks if one.calls is not None]
    shared = min((len(one) for one in known), default=0) if len(known) == 1 else 0
    if len(known) > 1:
        while all(len(one) > shared and one[shared] == known[0][shared] for one in known):
            shared += 1
    if near is not None and known:
        before = [
            index
            for index, step in enumerate(known[0][:shared])
            if step.span.path == near.path and step.span.start < near.start
        ]
        shared = before[-1] if before else shared
    steps: list[Step] = []
    for one in marks:
        steps.extend(step for step in (one.calls or ())[shared:] if step not in steps)
        steps.append(Step(one.span, one.label))
    return tuple(steps)


class Subject:
    """One producer, and the stories that concern it."""

    def __init__(
        self,
        site: int,
        producer: Producer,
        stories: Sequence[Story],
        consumers: Mapping[int, Sequence[Consumer]],
        sinks: Mapping[int, tuple[Sink, ...]],
        outline: Callable[[str], Outline | None],
    ) -> None:
        self.site = site
        self.producer = producer
        self.stories = stories
        self.consumers = consumers
        self.sinks = sinks
        self.outline = outline
        self.found = Found()
        self.spent: list[Wait] = []
        self.uses = _distinct_uses(stories, site)

    def module(self, path: str) -> ir.Module | None:
        """The code of a file; None where it cannot be had."""
        found = self.outline(path)
        return found.module if found is not None else None

    def places(self, *methods: str) -> tuple[Span, ...]:
        return tuple(dict.fromkeys(span_of(use.at) for use in self.uses if use.method in methods))

    def event(self, point: Point) -> str | None:
        """What a point does to the producer; None where it does nothing."""
        node = point.node
        if point.role == "blur":
            return "blur"
        if point.role in ("enter", "leave", "undo") and isinstance(node, Within):
            return self.within(node, point.role)
        if point.role:
            return None
        if isinstance(node, Use) and node.site == self.site:
            if node.method == "start" and self.producer.dialect == "aiokafka":
                return "init"
            return METHODS.get(node.method)
        if isinstance(node, Made) and node.site == self.site:
            return "made"
        if isinstance(node, Spawned):
            inner = (one for one in nodes(node.body) if isinstance(one, Use))
            if any(
                one.site == self.site and one.method in (*METHODS, "transaction") for one in inner
            ):
                return "blur"
        if isinstance(node, Execution):
            given = [node.receiver, *node.args, *(value for _, value in node.keywords)]
            if any(mentions(value, self.site) for value in given):
                return "blur"
        if isinstance(node, Unseen) and self.site in getattr(node, "clients", ()):
            return "blur"
        return None

    def within(self, node: Within, role: str) -> str | None:
        if not mentions(node.manager, self.site):
            return None
        if isinstance(node.manager, Foreign) and node.manager.path.endswith("().transaction()"):
            return {"enter": "begin", "leave": "commit", "undo": "abort"}[role]
        if isinstance(node.manager, KafkaClient):
            if role == "enter":
                return "init" if self.producer.dialect == "aiokafka" else None
            return "close"
        return "blur"

    def wrong(self, state: str, event: str) -> str | None:
        """What goes wrong when something is done in a state, in this producer's client."""
        kind = _WRONG.get((state, event))
        if kind == "init-in-loop" and self.producer.dialect != "librdkafka":
            return None
        if state == "fresh" and self.producer.dialect == "aiokafka":
            starts = any(use.method == "start" for use in self.uses)
            return kind if starts else None  # `async with producer` may have started it
        return kind

    def takes(self, names: Sequence[str], raised: Raised) -> bool | None:
        """Whether a handler catches what is raised; None where that is not known."""
        verdicts = [_takes(name, raised, self.producer.dialect) for name in names]
        if True in verdicts:
            return True
        return None if None in verdicts else False

    def calls_to(self, point: Point) -> tuple[Step, ...] | None:
        """The calls that lead to a point, outermost first; None where they are not known."""
        node = point.node
        if isinstance(node, (Use, Execution)):
            return node.path
        if isinstance(node, Within):
            # the call that gave the manager stands at the same place
            return next((use.path for use in self.uses if use.at == node.at), None)
        return None

    def feeding(self) -> Iterator[tuple[LoopContext, Consumer]]:
        """The loops in which records are taken and the producer writes, and whose records."""
        for use in self.uses:
            if METHODS.get(use.method) != "produce":
                continue
            for loop in use.loops:
                for site in loop.consumers:
                    for consumer in self.consumers.get(site, ()):
                        yield loop, consumer


_EVERYTHING = frozenset({"*", "BaseException", "Exception"})
# Classes of the clients' own errors, by the last part of their names, and what they derive from:
# confluent_kafka.KafkaException(Exception), kafka.errors.KafkaError(Exception),
# aiokafka.errors.KafkaError(RuntimeError). confluent_kafka.KafkaError is what the exception holds.
_KAFKA_ERRORS: dict[str, frozenset[str]] = {
    "librdkafka": frozenset({"KafkaException"}),
    "kafka-python": frozenset({"KafkaError"}),
    "kafka-python-ng": frozenset({"KafkaError"}),
    "aiokafka": frozenset({"KafkaError", "RuntimeError"}),
}


def _takes(name: str, raised: Raised, dialect: str) -> bool | None:
    """Whether `except name` catches what is raised."""
    if name in _EVERYTHING:
        return True
    last = name.rpartition(".")[2]
    if raised == "client":
        if last in _KAFKA_ERRORS.get(dialect, ()):
            return True
        if name.startswith(("kafka.", "aiokafka.")) and dialect != "librdkafka":
            return None  # one of many errors of the client
        if "." in name or isinstance(getattr(builtins, name, None), type):
            return False
        return None
    if raised == "any":
        return None
    if last == raised.rpartition(".")[2]:
        return True
    catching = getattr(builtins, name, None)
    thrown = getattr(builtins, raised.removeprefix("builtins."), None)
    if isinstance(catching, type) and isinstance(thrown, type):
        return issubclass(thrown, catching)
    return None


def _distinct_uses(stories: Iterable[Story], site: int) -> tuple[Use, ...]:
    found: dict[int, Use] = {}
    for story in stories:
        for node in nodes(story):
            if isinstance(node, Use) and node.site == site:
                found.setdefault(id(node), node)
    return tuple(found.values())
