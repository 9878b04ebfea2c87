"""`spring.cloud.stream.*`: the clients of Spring Cloud Stream's Kafka binders.

Sources: `KafkaBinderConfigurationProperties` (required-acks is "1" unless set; merged*Configuration:
Spring Boot's own properties, above them what `configuration` has of the role, above them
`producer-properties` and `consumer-properties`), `KafkaMessageChannelBinder` and `BindingUtils`
(what the binder sets beneath, a binding's `configuration` above; with a transaction-id prefix all
producers are made of `transaction.producer`), `KafkaStreamsBinderConfigurationProperties`;
Spring Cloud Stream reference, "Apache Kafka Binder", "Kafka Streams Binder", "Multiple Binders on
the Classpath" (the only binder of the class path is the default), "Descriptive Binding Names" and
"Customizing Binders in Multi Binder Applications"; `DefaultBinderFactory` (what a binder's
`environment` has lies above the application's properties, which it inherits unless told otherwise).
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
from oncelint.frameworks.applications.relaxed import Name, uniform
from oncelint.frameworks.applications.spring import boot
from oncelint.frameworks.applications.spring.names import TRANSACTIONAL_ID
from oncelint.frameworks.blocks import layered
from oncelint.model.facts import Block, ConfigFact, Home, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Span, is_given

_STREAM: Name = ("spring", "cloud", "stream")
_BINDINGS: Name = (*_STREAM, "bindings")
_BINDER: Name = (*_STREAM, "kafka", "binder")
_KAFKA_BINDINGS: Name = (*_STREAM, "kafka", "bindings")
_KAFKA_DEFAULT: Name = (*_STREAM, "kafka", "default")
_STREAMS: Name = (*_STREAM, "kafka", "streams", "binder")
_RENAMED: Name = (*_STREAM, "function", "bindings")
_BINDERS: Name = (*_STREAM, "binders")
_SHOWN = "spring.cloud.stream.kafka"

# Releases of 2026, which come with clients from 4.1 on, ask for all (spring-cloud-stream 3170).
_PRODUCER = Layer(
    "set by Spring Cloud Stream's Kafka binder",
    False,
    {"acks": (("0", "1"), ("4.1.0", None))},
)
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
_ARTIFACTS = frozenset(
    {"spring-cloud-stream-binder-kafka", "spring-cloud-starter-stream-kafka"}
    | {"spring-cloud-stream-binder-kafka-core"}
)
_ANY_BINDER = re.compile(r".*(?:stream-binder|starter-stream).*")
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
    """The clients of the binder and of the bindings that configure theirs; nothing where several
    binders are defined, for which binding uses which is then their affair.

    `build` is what the application's build file names: with Kafka's binder and no other on the
    class path every binding is Kafka's."""
    binder = "kafka"
    if env.has(*_BINDERS):
        only = _only_binder(env, build)
        if only is None:
            return
        binder, env = only
    elif env.has(*_STREAMS):
        yield from _streams(env)
        if not _uses_kafka(env):
            return
    elif not _uses_kafka(env) and not _alone(env, build):
        return
    bindings = list(_bindings(env, binder))
    outgoing = [one for one in bindings if one.outgoing]
    incoming = [one for one in bindings if not one.outgoing]
    prefix = env.get(*_BINDER, "transaction", "transactionidprefix")
    if prefix is not None and any(is_given(one.value) for one in prefix.alternatives if one.value):
        yield _transactional(env, prefix, _topics(outgoing))
    elif outgoing:
        yield from _producers(env, outgoing)
    yield from _consumers(env, incoming)


def _uses_kafka(env: Environment) -> bool:
    """Whether the message channel binder of Kafka is at work: something of its own is set. With
    the Kafka Streams binder beside it, a binding may be a stream's."""
    if env.has(*_STREAMS) or env.has(*_STREAM, "kafka", "streams"):
        return env.has(*_BINDER) and env.has(*_KAFKA_BINDINGS)
    others = ("rabbit", "rocketmq", "kinesis", "pulsar", "solace", "eventhubs", "gcp", "servicebus")
    if any(env.has(*_STREAM, one) for one in others):
        return False
    return env.has(*_STREAM, "kafka") or env.text(*_STREAM, "defaultbinder") == "kafka"


def _alone(env: Environment, build: Build | None) -> bool:
    """Whether Kafka's message channel binder is the only one of the class path."""
    if build is None or not build.own & _ARTIFACTS:
        return False
    if any(one not in _ARTIFACTS and _ANY_BINDER.fullmatch(one) for one in build.named):
        return False
    default = env.get(*_STREAM, "defaultbinder")
    others = [one for one in env.children(*_STREAM) if uniform((one,))[0] not in _COMMON]
    return default is None and not others


# What stands under `spring.cloud.stream` that is no binder's own (`BindingServiceProperties`).
_COMMON = frozenset(
    {"bindings", "default", "function", "source", "integration", "pollablesource"}
    | {"inputbindings", "outputbindings", "instancecount", "instanceindex", "instanceindexlist"}
    | {"dynamicdestinations", "dynamicdestinationcachesize", "bindingretryinterval", "poller"}
    | {"overridecloudconnectors", "sendto", "schemaregistryclient", "schema", "metrics"}
)


def _only_binder(env: Environment, build: Build | None) -> tuple[str, Environment] | None:
    """The one binder that is defined, when it is Kafka's: its name, and the properties that it
    runs with. Neither where a streams binder may be beside it."""
    names = env.children(*_BINDERS)
    if len(names) != 1 or env.has(*_STREAM, "kafka", "streams"):
        return None
    if build is not None and any("kafka-streams" in one for one in build.named):
        return None
    path = (*_BINDERS, *uniform(names))
    kind = env.text(*path, "type") if env.has(*path, "type") else names[0]
    told = (env.get(*path, one) for one in ("inheritenvironment", "defaultcandidate"))
    if kind != "kafka" or any(one is not None for one in told):
        return None
    own = tuple(
        replace(one, key=".".join(rest), shown=one.key)
        for rest, one in env.under(*path, "environment")
    )
    above = replace(env.documents[-1], block=Block(own))
    settings = Environment.of((*env.documents, above)).settings
    return names[0], Environment(env.documents, settings)


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


def _bindings(env: Environment, used: str = "kafka") -> Iterator[_Binding]:
    """The bindings whose direction is known, each with the place of its first property; `used` is
    the name of the binder."""
    streams = env.has(*_STREAM, "kafka", "streams")
    renamed, former = _renamed(env)
    found: dict[Name, str] = {}
    for root in (_BINDINGS, _KAFKA_BINDINGS):
        for name in env.children(*root):
            if uniform((name,))[0] not in former:
                found.setdefault(uniform((name,)), name)
    for plain, sides in renamed.items():
        found.setdefault((plain,), sides[0][0])
    for (plain,), name in found.items():
        binder = env.text(*_BINDINGS, plain, "binder") or env.text(*_STREAM, "defaultbinder")
        if binder is not None and binder != used:
            continue
        own = env.has(*_KAFKA_BINDINGS, plain)
        if streams and not own:
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
    return {"input": False, "output": True}.get(plain) if not sides else None


def _first(env: Environment, plain: str) -> Span | None:
    return _span(env, (*_KAFKA_BINDINGS, plain)) or _span(env, (*_BINDINGS, plain))


def _producers(env: Environment, outgoing: Sequence[_Binding]) -> Iterator[ConfigFact]:
    """One producer for each binding with a configuration of its own, one for all others."""
    merged = _merged(env, "producer")
    rest = [one for one in outgoing if not one.own]
    if rest:
        span = _span(env, (*_BINDER,)) or rest[0].span
        topics = _topics(rest)
        yield _fact("producer", "", merged, span, (_PRODUCER,), topics, _binder_home(env, True))
    for one in outgoing:
        if not one.own:
            continue
        path = (*_KAFKA_BINDINGS, *uniform((one.name,)), "producer", "configuration")
        shown = f"{_SHOWN}.bindings.{one.name}.producer.configuration"
        block = layered(merged, blocks_at(env, path))
        block = replace(block, duplicates=duplicates_at(env, path))
        homes = home_at(env, shown, "plain")
        yield _fact("producer", one.name, block, one.span, (_PRODUCER,), one.topic, homes)


def _topics(outgoing: Sequence[_Binding]) -> str:
    """What several bindings write, joined by blanks; nothing where one of them is not known."""
    if not all(one.topic for one in outgoing):
        return ""
    return " ".join(dict.fromkeys(one.topic for one in outgoing))


def _transactional(env: Environment, prefix: WrittenSetting, topics: str) -> ConfigFact:
    """The one configuration of all producers of a transactional binder."""
    own = blocks_at(env, (*_BINDER, "transaction", "producer", "configuration"))
    given = boot.prefixed(replace(prefix, key=TRANSACTIONAL_ID, shown=prefix.shown or prefix.key))
    block = layered(_merged(env, "producer"), own, Block((given,)))
    homes = _binder_home(env, True)
    return _fact("producer", "", block, prefix.key_span, (_PRODUCER,), topics, homes)


def _consumers(env: Environment, incoming: Sequence[_Binding]) -> Iterator[ConfigFact]:
    """A consumer for each binding: its group is its own."""
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
        homes = home_at(env, shown, "plain") if one.own else _binder_home(env, False)
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


def _span(env: Environment, prefix: Name) -> Span | None:
    size = len(prefix)
    return next((one.key_span for name, one in env.settings.items() if name[:size] == prefix), None)


def _binder_home(env: Environment, producer: bool) -> tuple[Home, ...]:
    spelled = camel(env.documents, _BINDER)
    role = "producer" if producer else "consumer"
    style = f"spring-binder-{role}" + ("-camel" if spelled else "")
    near = ((*_STREAM, "kafka"), _STREAM)
    inner = f"{role}Properties" if spelled else f"{role}-properties"
    return home_at(env, f"{_SHOWN}.binder", style, near, inner)


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


def _streams(env: Environment) -> Iterator[ConfigFact]:
    """The Kafka Streams binder: one application, or one for each function that has its own id or
    configuration."""
    span = _span(env, _STREAMS)
    assert span is not None
    shared = layered(
        blocks_at(env, _STREAMS, {"applicationid": "application.id"}),
        blocks_at(env, (*_STREAMS, "configuration")),
    )
    functions = env.children(*_STREAMS, "functions")
    for function in functions or ("",):
        path = (*_STREAMS, "functions", *uniform((function,)))
        block = shared
        if function:
            block = layered(
                shared,
                blocks_at(env, path, {"applicationid": "application.id"}),
                blocks_at(env, (*path, "configuration")),
            )
        target = f"{_SHOWN}.streams.binder" + (f".functions.{function}" if function else "")
        homes = home_at(env, target, "spring-binder-streams", inner="configuration")
        yield ConfigFact(
            "spring cloud stream streams",
            ("java",),
            "streams",
            replace(block, homes=homes),
            (_span(env, path) if function else None) or span,
            name=function,
        )
