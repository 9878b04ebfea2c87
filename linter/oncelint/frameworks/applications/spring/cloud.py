"""`spring.cloud.stream.*`: the clients of Spring Cloud Stream's Kafka binder.

Sources: `KafkaBinderConfigurationProperties` (required-acks is "1" unless set; merged*Configuration:
Spring Boot's own properties, above them what `configuration` has of the role, above them
`producer-properties` and `consumer-properties`), `KafkaMessageChannelBinder` and `BindingUtils`
(what the binder sets beneath, a binding's `configuration` above; with a transaction-id prefix all
producers are made of `transaction.producer`); Spring Cloud Stream reference, "Apache Kafka Binder"
and "Descriptive Binding Names".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from oncelint.frameworks.applications.builds import Build
from oncelint.frameworks.applications.environments import (
    Environment,
    blocks_at,
    camel,
    duplicates_at,
    home_at,
    topics_at,
)
from oncelint.frameworks.applications.relaxed import Name, elements, uniform
from oncelint.frameworks.applications.spring import boot, kstreams
from oncelint.frameworks.applications.spring.binders import (
    BINDINGS,
    KSTREAM,
    STREAM,
    Binder,
    binders,
)
from oncelint.frameworks.applications.spring.kstreams import span_at
from oncelint.frameworks.applications.spring.names import TRANSACTIONAL_ID
from oncelint.frameworks.blocks import layered
from oncelint.model.facts import Block, ConfigFact, Home, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Span, is_given

_STREAM = STREAM
_BINDINGS = BINDINGS
_BINDER: Name = (*_STREAM, "kafka", "binder")
_KAFKA_BINDINGS: Name = (*_STREAM, "kafka", "bindings")
_KAFKA_DEFAULT: Name = (*_STREAM, "kafka", "default")
_RENAMED: Name = (*_STREAM, "function", "bindings")
_FUNCTION: Name = ("spring", "cloud", "function")
# Bindings that are read by nothing a function is named after.
_READ: tuple[Name, ...] = ((*_STREAM, "inputbindings"), (*_STREAM, "pollablesource"))
_SHOWN = "spring.cloud.stream.kafka"

# Releases from 5.0.2 on ask for all (spring-cloud-stream 3170); they come with clients from 4.1 on,
# as the two before them do.
_PRODUCER = Layer(
    "set by Spring Cloud Stream's Kafka binder",
    False,
    {"acks": (("0", "1"), ("4.1.0", None))},
)
_FIRST_OF_FIVE = Layer(_PRODUCER.origin, False, {"acks": (("0", "1"),)})
_RELEASES = frozenset({"2025.1.0", "2025.1.1"})
"""The releases of Spring Cloud with those two, as their build files name them."""
_GROUP = Layer(
    "set by Spring Cloud Stream's Kafka binder",
    False,
    {"enable.auto.commit": (("0", False),), "auto.offset.reset": (("0", "earliest"),)},
)
_ANONYMOUS = Layer(
    "set by Spring Cloud Stream's Kafka binder",
    False,
    {"enable.auto.commit": (("0", False),), "auto.offset.reset": (("0", "latest"),)},
)
_DIRECTION = re.compile(r".*-(in|out)-\d+", re.IGNORECASE)
# What the binder takes out of a consumer's configuration, for a group is a binding's own.
_MANAGED = frozenset({"group.id", "enable.auto.commit"})


@dataclass(frozen=True, slots=True)
class _Binding:
    """A binding: `own` when it has a configuration of Kafka's of its own."""

    name: str
    outgoing: bool
    group: WrittenSetting | None
    topic: str
    span: Span
    own: bool


def clients(env: Environment, build: Build | None = None) -> Iterator[ConfigFact]:
    """The clients of an application's binders of Kafka, and of the bindings that configure theirs.

    `build` is what the application's build file names: with Kafka's binder and no other on the
    class path every binding is Kafka's."""
    layer = _FIRST_OF_FIVE if build is not None and build.named & _RELEASES else _PRODUCER
    for binder in binders(env, build):
        if binder.kind == KSTREAM:
            yield from kstreams.applications(binder)
            continue
        bindings = list(_bindings(binder))
        outgoing = [one for one in bindings if one.outgoing]
        prefix = binder.env.get(*_BINDER, "transaction", "transactionidprefix")
        given = prefix.alternatives if prefix is not None else ()
        if prefix is not None and any(is_given(one.value) for one in given if one.value):
            if outgoing or (binder.unnamed and binder.one):
                yield _transactional(binder, prefix, _topics(outgoing), layer)
        elif outgoing:
            yield from _producers(binder, outgoing, layer)
        yield from _consumers(binder, [one for one in bindings if not one.outgoing])


def _renamed(env: Environment) -> tuple[dict[str, list[tuple[str, bool, Span]]], set[str]]:
    """The names that bindings of functions are given, each with its directions, and the names that
    they no longer have (`spring.cloud.stream.function.bindings`)."""
    given: dict[str, list[tuple[str, bool, Span]]] = {}
    former: set[str] = set()
    for rest, setting in env.under(*_RENAMED):
        written = ".".join(rest)
        former.update(uniform((written,)))
        match = _DIRECTION.fullmatch(written.strip("[]"))
        name = env.text(*_RENAMED, *uniform(rest))
        if match is None or not name or "." in name:
            continue
        sides = given.setdefault(uniform((name,))[0], [])
        outgoing = match[1].lower() == "out"
        if all(one[1] is not outgoing for one in sides):
            sides.append((name, outgoing, setting.key_span))
    return given, former


def _bindings(binder: Binder) -> Iterator[_Binding]:
    """The bindings of a binder whose direction is known, each with the place of its first property."""
    env = binder.env
    renamed, former = _renamed(env)
    found: dict[Name, str] = {}
    for root in (_BINDINGS, _KAFKA_BINDINGS):
        for name in env.children(*root):
            if uniform((name,))[0] not in former:
                found.setdefault(uniform((name,)), name)
    for plain, sides in renamed.items():
        found.setdefault((plain,), sides[0][0])
    for (plain,), name in found.items():
        if not binder.takes(plain, env.has(*_KAFKA_BINDINGS, plain)):
            continue
        for outgoing, span in _directions(env, plain, name, renamed.get(plain, ())):
            yield _binding(env, plain, name, outgoing, span)


def _directions(
    env: Environment, plain: str, name: str, sides: Sequence[tuple[str, bool, Span]]
) -> Iterator[tuple[bool, Span]]:
    """The directions of a binding with the place where it stands."""
    first = _first(env, plain)
    if sides:
        one = first if len(sides) == 1 else None  # one name for both ends of a topic
        yield from ((outgoing, one or span) for _, outgoing, span in sides)
        return
    outgoing = _is_outgoing(env, plain, name)
    if outgoing is not None and first is not None:
        yield outgoing, first


def _binding(env: Environment, plain: str, name: str, outgoing: bool, span: Span) -> _Binding:
    role = "producer" if outgoing else "consumer"
    configured = env.has(*_KAFKA_BINDINGS, plain, role, "configuration")
    group = env.get(*_BINDINGS, plain, "group") or env.get(*_STREAM, "default", "group")
    topic = topics_at(env, (*_BINDINGS, plain), "destination", name, "," if not outgoing else None)
    if env.has(*_KAFKA_BINDINGS, plain, "consumer", "destinationispattern"):
        topic = ""
    return _Binding(name, outgoing, group, topic, span, configured)


def _is_outgoing(env: Environment, plain: str, name: str) -> bool | None:
    """A function's binding tells by its name, another by what is set for it."""
    match = _DIRECTION.fullmatch(name)
    if match is not None:
        return match[1].lower() == "out"
    sides = {
        side
        for root in (_BINDINGS, _KAFKA_BINDINGS)
        for side in ("producer", "consumer")
        if env.has(*root, plain, side)
    }
    if env.has(*_BINDINGS, plain, "group"):
        sides.add("consumer")
    if len(sides) == 1:
        return "producer" in sides
    if sides:
        return None
    return {"input": False, "output": True}.get(plain, _of_bridge(env, name))


def _of_bridge(env: Environment, name: str) -> bool | None:
    """Whether a binding of neither direction is one that a `StreamBridge` writes to: where functions
    are defined there are no annotated interfaces, and what a function reads is named after it."""
    if not any(env.has(*one, "definition") for one in (_FUNCTION, (*_STREAM, "function"))):
        return None
    read = [env.text(*one) for one in _READ if env.get(*one) is not None]
    if any(one is None or name in re.split(r"[;,\s]+", one) for one in read):
        return None
    return True


def _first(env: Environment, plain: str) -> Span | None:
    return span_at(env, (*_KAFKA_BINDINGS, plain)) or span_at(env, (*_BINDINGS, plain))


def _producers(binder: Binder, outgoing: Sequence[_Binding], layer: Layer) -> Iterator[ConfigFact]:
    """One producer for each binding with a configuration of its own, one for all others."""
    env = binder.env
    merged = _merged(env, "producer")
    rest = [one for one in outgoing if not one.own]
    if rest:
        span = span_at(env, (*_BINDER,)) or rest[0].span
        topics = _topics(rest)
        homes = _binder_home(binder, True)
        yield _fact("producer", _name(binder), merged, span, (layer,), topics, homes)
    for one in outgoing:
        if not one.own:
            continue
        path = (*_KAFKA_BINDINGS, *uniform((one.name,)), "producer", "configuration")
        shown = f"{_SHOWN}.bindings.{one.name}.producer.configuration"
        block = layered(merged, blocks_at(env, path))
        block = replace(block, duplicates=duplicates_at(env, path))
        homes = home_at(env, shown, "plain")
        yield _fact("producer", one.name, block, one.span, (layer,), one.topic, homes)


def _topics(outgoing: Sequence[_Binding]) -> str:
    """What several bindings write, joined by blanks; nothing where one of them is not known."""
    if not all(one.topic for one in outgoing):
        return ""
    return " ".join(dict.fromkeys(one.topic for one in outgoing))


def _name(binder: Binder) -> str:
    """What tells the producer of a binder from those of others."""
    return "" if binder.one else binder.name


def _transactional(binder: Binder, prefix: WrittenSetting, topics: str, layer: Layer) -> ConfigFact:
    """The one configuration of all producers of a transactional binder."""
    env = binder.env
    own = blocks_at(env, (*_BINDER, "transaction", "producer", "configuration"))
    given = boot.prefixed(replace(prefix, key=TRANSACTIONAL_ID, shown=prefix.shown or prefix.key))
    block = layered(_merged(env, "producer"), own, Block((given,)))
    homes = _binder_home(binder, True)
    return _fact("producer", _name(binder), block, prefix.key_span, (layer,), topics, homes)


def _consumers(binder: Binder, incoming: Sequence[_Binding]) -> Iterator[ConfigFact]:
    """A consumer for each binding: its group is its own."""
    env = binder.env
    merged = _merged(env, "consumer")
    for one in incoming:
        path = (*_KAFKA_BINDINGS, *uniform((one.name,)), "consumer")
        reset = blocks_at(env, path, {"startoffset": "auto.offset.reset"})
        group = (
            Block((replace(one.group, key="group.id", shown=one.group.key),))
            if one.group
            else Block(())
        )
        block = layered(merged, blocks_at(env, (*path, "configuration")), reset, group)
        block = replace(block, duplicates=duplicates_at(env, (*path, "configuration")))
        layer = _GROUP if one.group is not None else _ANONYMOUS
        shown = f"{_SHOWN}.bindings.{one.name}.consumer.configuration"
        homes = home_at(env, shown, "plain") if one.own else _binder_home(binder, False)
        yield _fact("consumer", one.name, block, one.span, (layer,), one.topic, homes)


def _merged(env: Environment, role: str) -> Block:
    """What the binder makes of Spring Boot's properties and its own, for clients of a role."""
    lowest = blocks_at(env, _BINDER, {"requiredacks": "acks"}) if role == "producer" else Block(())
    levels = boot.levels(env, role)
    if role == "producer":  # a prefix of spring.kafka is the business of that template alone
        levels = tuple(_without(one, frozenset({TRANSACTIONAL_ID})) for one in levels)
    shared = blocks_at(env, (*_BINDER, "configuration"), keep=lambda key: _in_table(key, role))
    own = blocks_at(env, (*_BINDER, f"{role}properties"))
    block = layered(lowest, *levels, shared, own)
    if role == "consumer":
        block = _without(block, _MANAGED)
    default = blocks_at(env, (*_KAFKA_DEFAULT, role, "configuration"))
    return layered(block, default)


def _without(block: Block, keys: frozenset[str]) -> Block:
    kept = tuple(one for one in block.settings if one.key not in keys)
    return replace(block, settings=kept)


def _in_table(key: str, role: str) -> bool:
    from oncelint.dialects import table, table_name

    return table(table_name("java", role)).find(key) is not None


def _binder_home(binder: Binder, producer: bool) -> tuple[Home, ...]:
    """Where the binder's properties take one more: with those of its own environment, if it has
    one."""
    target = f"{_SHOWN}.binder"
    near: tuple[Name, ...] = ((*_STREAM, "kafka"), _STREAM)
    path = _BINDER
    if binder.at:
        target = f"{binder.at}.{target}"
        path = uniform(elements(target))
        near = (uniform(elements(binder.at)), uniform(elements(binder.at))[:-1])
    spelled = camel(binder.env.documents, path)
    role = "producer" if producer else "consumer"
    style = f"spring-binder-{role}" + ("-camel" if spelled else "")
    inner = f"{role}Properties" if spelled else f"{role}-properties"
    return home_at(binder.env, target, style, near, inner)


def _fact(
    role: str,
    name: str,
    block: Block,
    span: Span,
    layers: tuple[Layer, ...],
    topics: str,
    homes: tuple[Home, ...],
) -> ConfigFact:
    return ConfigFact(
        f"spring cloud stream {role}",
        ("java",),
        role,
        replace(block, homes=homes),
        span,
        name=name,
        layers=layers,
        details={"framework": "spring cloud stream", "topics": topics},
    )
