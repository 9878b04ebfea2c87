"""Questions about the nodes of a consumer's story: polls, commits, and the values they are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from oncelint.flow.blocks import span_of
from oncelint.flow.story import (
    Called,
    Leaves,
    Node,
    Round,
    Spawned,
    Story,
    Unseen,
    bodies,
    nodes,
)
from oncelint.flow.trace import Execution, Use
from oncelint.flow.values import Abs, Comp, Foreign, Items, KafkaClient, Lit, Missing, Phi, Rec
from oncelint.frameworks.python.clients import POLLS
from oncelint.link.loops import waits
from oncelint.model.pipelines import Effect
from oncelint.model.project import Consumer, Step
from oncelint.model.rule import across
from oncelint.model.values import Known

CLOSES = frozenset({"close", "stop", "__exit__", "__aexit__"})
# What a loop does that only takes a record for somebody else.
TAKING = POLLS | {"commit", "commit_async", "store_offsets", "close"}
COMMITS = frozenset({"commit", "commit_async"})
SENDS = "send_offsets_to_transaction"
NO_OFFSETS = frozenset({"asynchronous", "async", "timeout", "timeout_ms", "callback"})


def performed(story: Story) -> Iterator[Node]:
    """What is done in a round itself, not by those that it only tells: a callback, a task queue."""
    for node in story:
        yield node
        if isinstance(node, Spawned) and node.how == "callback":
            continue
        for inner in bodies(node):
            yield from performed(inner)


def effects_by_node(effects: Mapping[int, Effect]) -> waits.EffectOf:
    return lambda node: effects.get(id(node))


def polls_in(story: Story, around: tuple[Round, ...]) -> Iterator[tuple[Use, tuple[Round, ...]]]:
    """Every call that takes records, with the rounds around it, outermost first."""
    for node in story:
        if isinstance(node, Use) and node.method in POLLS:
            yield node, around
        inner = (*around, node) if isinstance(node, Round) else around
        for body in bodies(node):
            yield from polls_in(body, inner)


def behind(story: Story, loop: Round) -> Story:
    """What comes after a loop in the sequence it stands in, and around that."""
    for index, node in enumerate(story):
        if node is loop:
            return story[index + 1 :]
        for body in bodies(node):
            if any(one is loop for one in nodes(body)):
                return (*behind(body, loop), *story[index + 1 :])
    return ()


def one_by_one(consumer: Consumer) -> bool:
    """Whether max.poll.records is certainly one."""
    return all(world.known("max.poll.records") == 1 for world in consumer.worlds)


def is_set(consumer: Consumer, name: str, wanted: bool) -> bool:
    """Whether a switch certainly has a value."""

    def holds(world: object) -> bool | None:
        value = world.value(name)  # type: ignore[attr-defined]
        return value.value is wanted if isinstance(value, Known) else None

    verdict = across(consumer.worlds, holds)
    return bool(verdict) and verdict.confidence == "high"


def commits_at_end(use: Use, consumer: Consumer) -> bool:
    """Whether a call ends the consumer and commits what it was given.

    kafka-python 3's own `with` closes without a commit after an exception
    (kafka/consumer/group.py, `__exit__`).
    """
    if use.method not in CLOSES:
        return False
    if use.method == "__exit__" and consumer.dialect.startswith("kafka-python"):
        return False
    given = dict(use.keywords).get("autocommit", use.args[0] if use.args else None)
    return not (isinstance(given, Lit) and given.value is False)


def ends_loop(story: Story) -> bool:
    """Whether a break or a return of a loop's own body ends it."""
    for node in story:
        if isinstance(node, Leaves) and node.kind in ("break", "return"):
            return True
        if not isinstance(node, (Round, Called)) and any(ends_loop(one) for one in bodies(node)):
            return True
    return False


def escapes(node: Unseen | Execution) -> Iterator[int]:
    """The clients that are given to something that is not followed."""
    if isinstance(node, Unseen):
        yield from node.clients
        return
    for one in (*node.args, *(value for _, value in node.keywords)):
        if isinstance(one, KafkaClient):
            yield one.site


def of_record(use: Use, site: int) -> bool:
    """Whether what is produced is made of the records of a consumer."""
    given = (*use.args, *(value for _, value in use.keywords))
    return any(site in _sites_in(value) for value in given)


def is_for(use: Use, site: int) -> bool:
    """Whether offsets that are sent to a transaction are those of a consumer."""
    mentioned = {
        one for value in (*use.args, *(v for _, v in use.keywords)) for one in _sites_in(value)
    }
    if mentioned:
        return site in mentioned
    return any(site in loop.consumers for loop in use.loops)


def _sites_in(value: Abs, depth: int = 0) -> Iterator[int]:
    if isinstance(value, KafkaClient):
        yield value.site
    elif isinstance(value, (Rec, Comp)):
        yield from value.sites
    elif depth < 5 and isinstance(value, Foreign):
        for one in value.made_from:
            yield from _sites_in(one, depth + 1)
    elif depth < 5 and isinstance(value, Items):
        for one in value.items:
            yield from _sites_in(one, depth + 1)
    elif depth < 5 and isinstance(value, Phi):
        for _, one in value.branches:
            yield from _sites_in(one, depth + 1)


def offsets_in(values: Iterable[Abs]) -> Iterator[Rec]:
    """The offsets in TopicPartition(topic, partition, offset) and OffsetAndMetadata(offset, …)."""
    for value in values:
        if isinstance(value, Items):
            yield from offsets_in(value.items)
        elif isinstance(value, Phi):
            yield from offsets_in(one for _, one in value.branches)
        elif isinstance(value, Foreign):
            yield from (
                one for one in value.made_from if isinstance(one, Rec) and one.part == "offset"
            )
        elif isinstance(value, Rec) and value.part == "offset":
            yield value


def positions_in(values: Iterable[Abs]) -> Iterator[Foreign]:
    """The TopicPartition and OffsetAndMetadata that hold an offset."""
    for value in values:
        if isinstance(value, Items):
            yield from positions_in(value.items)
        elif isinstance(value, Phi):
            yield from positions_in(one for _, one in value.branches)
        elif isinstance(value, Foreign) and next(offsets_in([value]), None) is not None:
            yield value


def of_several(execution: Execution) -> bool:
    """Whether something is given a list of records that was filled over several polls."""
    values = [*execution.args, *(value for _, value in execution.keywords)]
    return any(_is_grown(one) for one in values)


def _is_grown(value: Abs) -> bool:
    """Whether a list has been added to, on some way."""
    if isinstance(value, Phi):
        return any(_is_grown(one) for _, one in value.branches)
    return isinstance(value, Items) and not value.exact and not value.keys


def is_gathered(value: Abs) -> bool:
    """Whether offsets that are passed may be those of earlier records alone."""
    if isinstance(value, Phi):
        return any(is_gathered(one) for _, one in value.branches)
    if not isinstance(value, Items):
        return isinstance(value, Missing)
    if not value.keys:
        return not value.exact
    return len(value.items) > 1 or any(is_gathered(one) for one in value.items)


def calls_before(use: Use) -> tuple[Step, ...]:
    """The calls that lead from the innermost consume loop to a use."""
    loop = next((one for one in reversed(use.loops) if one.consumers), None)
    if loop is None:
        return ()
    around = span_of(loop.at)
    inside = next((i for i, step in enumerate(use.path) if around.covers(step.span)), None)
    return use.path[inside:] if inside is not None else ()


def inner_part(path: tuple[Step, ...]) -> tuple[Step, ...]:
    """The part of a path behind the place where the record is taken."""
    index = next((i for i, step in enumerate(path) if step.label == "consumes here"), -1)
    return path[index + 1 :]


def topic_of(use: Use) -> str:
    value = dict(use.keywords).get("topic", use.args[0] if use.args else None)
    if isinstance(value, Lit) and isinstance(value.value, str):
        return value.value
    return "another topic"
