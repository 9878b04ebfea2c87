"""Which client writes and reads which topics, and which belong together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from oncelint.flow.blocks import alternatives, span_of
from oncelint.flow.trace import Use
from oncelint.flow.values import Abs, Foreign, Items, Lit, Phi
from oncelint.frameworks.python.clients import POLLS
from oncelint.frameworks.python.streaming import FRAMEWORK
from oncelint.link.clients import Made
from oncelint.link.paths import call_path
from oncelint.model.facts import Block
from oncelint.model.project import (
    Client,
    Consumer,
    Feed,
    Producer,
    Setting,
    TopicUse,
    TransactionalPair,
    World,
)
from oncelint.model.values import Known, Position, Span, Unknown
from oncelint.settings import ExternalClient

_WRITES = frozenset({"produce", "send", "send_and_wait"})
_TRANSACTION = frozenset(
    {"init_transactions", "begin_transaction", "commit_transaction", "abort_transaction"}
    | {"transaction", "send_offsets_to_transaction"}
)


def with_uses(made: Sequence[Made], uses: Sequence[Use]) -> list[Made]:
    """The clients with what their methods tell: topics, transactions, commits."""
    by_site: dict[int, list[Use]] = {}
    for use in uses:
        by_site.setdefault(use.site, []).append(use)
    return [replace(one, client=_with_uses(one, by_site.get(one.site, []))) for one in made]


def _with_uses(made: Made, uses: Sequence[Use]) -> Client:
    client = made.client
    if isinstance(client, Producer):
        topics = _unique(topic for use in uses if use.method in _WRITES for topic in _topic(use))
        offsets = [use for use in uses if use.method == "send_offsets_to_transaction"]
        return replace(
            client,
            topics=topics,
            topics_complete=bool(topics) and all(topic.name is not None for topic in topics),
            sends_offsets=tuple(dict.fromkeys(span_of(use.at) for use in offsets)),
            group_metadata=any(_is_metadata(use, client.dialect) for use in offsets),
            uses_transactions=tuple(
                dict.fromkeys(span_of(use.at) for use in uses if use.method in _TRANSACTION)
            ),
        )
    if isinstance(client, Consumer):
        found = [topic for value in made.making.topics for topic in topics_of(value, client.span)]
        for use in uses:
            if use.method in ("subscribe", "assign"):
                found.extend(_subscribed(use))
        topics = _unique(found)
        reads = any(use.method in POLLS for use in uses) or not uses
        iterated = any(made.site in loop.consumers for use in uses for loop in use.loops)
        metadata_only = bool(uses) and not reads and not iterated and not topics
        return replace(
            client,
            topics=topics,
            topics_complete=bool(topics) and all(topic.name is not None for topic in topics),
            reads=not metadata_only,
            commits=tuple(dict.fromkeys(span_of(u.at) for u in uses if u.method == "commit")),
        )
    return client


def _is_metadata(use: Use, dialect: str) -> bool:
    """Whether offsets go with the consumer's group metadata: confluent-kafka takes nothing else."""
    values = [*use.args[1:], *(value for _, value in use.keywords)]
    if dialect == "librdkafka":
        return not any(isinstance(v, Lit) and isinstance(v.value, str) for v in values)
    return any(isinstance(v, Foreign) and "group_metadata" in v.path for v in values)


def _topic(use: Use) -> Iterator[TopicUse]:
    value = use.args[0] if use.args else None
    for name, given in use.keywords:
        if name == "topic":
            value = given
    if value is not None:
        yield from topics_of(value, span_of(use.at))


def _subscribed(use: Use) -> Iterator[TopicUse]:
    for name, value in use.keywords:
        if name == "pattern":
            yield TopicUse(_text(value), span_of(use.at), pattern=True)
        elif name in ("topics", "partitions"):
            yield from topics_of(value, span_of(use.at))
    if use.args:
        yield from topics_of(use.args[0], span_of(use.at))


def _text(value: Abs) -> str | None:
    return str(value.value) if isinstance(value, Lit) and value.value is not None else None


def topics_of(value: Abs, span: Span) -> Iterator[TopicUse]:
    """The topics a value names; one without a name where it cannot be known."""
    if isinstance(value, Items):
        for item in value.items:
            yield from topics_of(item, span)
        if not value.exact:
            yield TopicUse(None, span)
        return
    if isinstance(value, Foreign) and value.path.endswith("TopicPartition()") and value.made_from:
        yield from topics_of(value.made_from[0], span)
        return
    if isinstance(value, Phi):
        for _, one in value.branches:
            yield from topics_of(one, span)
        return
    for alternative in alternatives(value):
        plain = alternative.value
        if isinstance(plain, Known) and isinstance(plain.value, str):
            pattern = plain.value.startswith("^")
            yield TopicUse(plain.value, span, pattern)
        elif isinstance(plain, Known) and plain.value is None:
            continue
        else:
            yield TopicUse(None, span)


def _unique(topics: Iterable[TopicUse]) -> tuple[TopicUse, ...]:
    seen: dict[tuple[str | None, bool], TopicUse] = {}
    for topic in topics:
        seen.setdefault((topic.name, topic.pattern), topic)
    return tuple(seen.values())


def feeds(made: Sequence[Made], uses: Sequence[Use]) -> tuple[Feed, ...]:
    """Where records of a consumer are handed to a producer in the same consume loop."""
    by_site: dict[int, list[Client]] = {}
    for one in made:
        by_site.setdefault(one.site, []).append(one.client)
    found: dict[tuple[Span, Span], Feed] = {}
    for use in uses:
        if use.method not in _WRITES:
            continue
        for loop in use.loops:
            for site, polled in loop.consumers.items():
                for consumer in by_site.get(site, []):
                    if consumer.placement == FRAMEWORK:
                        continue
                    for producer in by_site.get(use.site, []):
                        if isinstance(consumer, Consumer) and isinstance(producer, Producer):
                            path = call_path(use.path, loop, polled, use.at, "produces here")
                            key = (consumer.span, producer.span)
                            found.setdefault(key, Feed(consumer, producer, path))
    return tuple(found.values())


def is_transactional(producer: Client) -> bool:
    """Whether a producer certainly has a transactional id in some world."""
    return any(world.transactional() for world in producer.worlds)


def pairs(
    producers: Sequence[Producer], consumers: Sequence[Consumer], fed: Sequence[Feed]
) -> tuple[TransactionalPair, ...]:
    """Consumers that read, or may read, what a transactional producer writes."""
    feeding = {(feed.consumer.span, feed.producer.span) for feed in fed}
    found: list[TransactionalPair] = []
    for producer in producers:
        if not is_transactional(producer):
            continue
        written = {
            topic.name: topic
            for topic in producer.topics
            if topic.name is not None and not topic.pattern
        }
        for consumer in consumers:
            if producer.in_tests != consumer.in_tests or not consumer.reads:
                continue
            if consumer.placement == FRAMEWORK or _of_connect(consumer):
                continue
            if _apart(producer, consumer) or _apart(consumer, producer):
                continue
            shared = next(_shared(written, consumer), None)
            if shared is not None:
                write, read = shared
                found.append(
                    TransactionalPair(producer, consumer, write.name, write.span, read.span)
                )
            elif _may_share(producer, consumer) and (consumer.span, producer.span) not in feeding:
                found.append(TransactionalPair(producer, consumer, None))
    return tuple(found)


def _apart(one: Client, other: Client) -> bool:
    """Whether a client is that of a profile with which the other is another one, or none."""
    profile = one.details.get("profile")
    if profile is None:
        return False
    own = other.details.get("profile")
    return own != profile if own else profile in other.details.get("replaced", "").split(",")


def _of_connect(consumer: Consumer) -> bool:
    """Whether Connect makes a consumer for its sinks: those name their topics, and are judged."""
    return consumer.details.get("framework") == "connect"


def declared_pairs(
    declared: Sequence[ExternalClient],
    producers: Sequence[Producer],
    consumers: Sequence[Consumer],
) -> tuple[TransactionalPair, ...]:
    """Pairs with a client outside the project that the settings declare, by topic."""
    found: list[TransactionalPair] = []
    for one in declared:
        if one.role == "producer" and one.transactional:
            outside = _declared(Producer, one)
            found.extend(
                TransactionalPair(outside, consumer, read.name, outside.span, read.span)
                for consumer in consumers
                if consumer.reads and not consumer.in_tests
                if consumer.placement != FRAMEWORK
                for read in consumer.topics
                if read.name in one.topics
            )
        elif one.role == "consumer" and one.isolation_level is not None:
            reader = _declared(Consumer, one)
            found.extend(
                TransactionalPair(producer, reader, write.name, write.span, reader.span)
                for producer in producers
                if is_transactional(producer) and not producer.in_tests
                for write in producer.topics
                if write.name in one.topics
            )
    return tuple(found)


_Outside = TypeVar("_Outside", Producer, Consumer)


def _declared(kind: type[_Outside], declared: ExternalClient) -> _Outside:
    """A client of the settings as a subject; its one setting is what was declared of it."""
    start = Position(declared.line, 1)
    span = Span(declared.file, start, start)
    settings: dict[str, Setting] = {}
    if declared.isolation_level is not None:
        level = Known(declared.isolation_level)
        settings["isolation.level"] = Setting(
            "isolation.level", "isolation-level", level, "user", span, span
        )
    if declared.transactional:
        given = Unknown("declared in the settings", present=True)
        settings["transactional.id"] = Setting(
            "transactional.id", "transactional", given, "user", span, span
        )
    world = World(f"a declared {declared.role}", "java", (), (), settings, None)
    return kind(
        role=declared.role,
        client=world.client,
        dialect=world.dialect,
        client_versions=(),
        construct=world.client,
        span=span,
        placement="settings",
        worlds=(world,),
        block=Block(()),
        unit="",
        topics=tuple(TopicUse(topic, span) for topic in declared.topics),
        topics_complete=True,
    )


def _shared(
    written: Mapping[str, TopicUse], consumer: Consumer
) -> Iterator[tuple[TopicUse, TopicUse]]:
    """The topics both ends name: the write and the read. A pattern reads all it matches."""
    for read in consumer.topics:
        if read.name is None:
            continue
        if not read.pattern:
            if read.name in written:
                yield written[read.name], read
            continue
        try:
            pattern = re.compile(read.name)
        except re.error:
            continue
        # librdkafka matches anywhere behind its leading ^, the Python clients at the start
        yield from ((write, read) for name, write in written.items() if pattern.match(name))


def _may_share(producer: Producer, consumer: Consumer) -> bool:
    if "collector" in (producer.details.get("framework"), consumer.details.get("framework")):
        return False  # a collector says which topics it reads, and seldom reads those of its unit
    if producer.topics_complete and consumer.topics_complete:
        return False
    return producer.unit == consumer.unit
