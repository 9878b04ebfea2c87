"""Placement: application files of Quarkus, and of whatever configures SmallRye's Kafka connector.

`mp.messaging.incoming.<channel>.*` and `outgoing`, the connector's own
`mp.messaging.connector.smallrye-kafka.*`, `kafka.*` for all clients, and `kafka-streams.*`. What is
judged is what runs in production: properties of the profile `prod` lie above those of none, those
of `dev` and `test` are left out; a profile of another name is judged where it changes a client.

Sources: Quarkus guides "Apache Kafka Reference Guide" (default-kafka-broker, channel configuration,
Kafka clients of transactions), "Using Apache Kafka Streams", "Configuration Reference Guide"
(profiles), "Quarkus Messaging Extensions" (the only connector of the class path is attached to the
channels without one, `auto-connector-attachment`); `KafkaConnector` (attributes and their
defaults), `ReactiveKafkaProducer` (acks is 1 unless set) and `ReactiveKafkaConsumer`
(enable.auto.commit is false unless set) of smallrye-reactive-messaging-kafka.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from oncelint.formats.tree import Document
from oncelint.frameworks.applications.builds import Build, build_of
from oncelint.frameworks.applications.environments import (
    Environment,
    blocks_at,
    duplicates_at,
    home_at,
    topics_at,
)
from oncelint.frameworks.applications.files import (
    ROLE,
    UNJUDGED_PROFILES,
    applications,
    facts_of,
    with_profiles,
)
from oncelint.frameworks.applications.relaxed import Name, elements, uniform
from oncelint.frameworks.applications.spring.boot import of_role
from oncelint.frameworks.blocks import layered
from oncelint.model.facts import ConfigFact, Home, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Span
from oncelint.text import Text

PLACEMENT = "quarkus application"

_CHANNELS: Name = ("mp", "messaging")
_CONNECTOR = "smallrye-kafka"
_OF_CONNECTOR: Name = ("mp", "messaging", "connector", "smallryekafka")
_STREAMS: Name = ("kafkastreams",)
_QUARKUS_STREAMS: Name = ("quarkus", "kafkastreams")
# What begins the properties of no other framework's application.
_EVIDENCE = ("mp", "quarkus", *_STREAMS)
_ROLES = {"outgoing": "producer", "incoming": "consumer"}
_EXTENSIONS = frozenset({"quarkus-messaging-kafka", "quarkus-smallrye-reactive-messaging-kafka"})
_IN_MEMORY = "smallrye-reactive-messaging-in-memory"
_ANY_CONNECTOR = re.compile(
    r"(?:quarkus-(?:smallrye-reactive-)?messaging|smallrye-reactive-messaging)-.+"
    r"|.*(?:quarkus-reactive-messaging|camel-quarkus|reactive-messaging-http|nats-jetstream).*"
)
_STREAMS_ARTIFACT = re.compile(
    r"(?:[\w.-]+\.)?(?:quarkus[.-])?kafka[.-]streams(?:[.-]processor.*)?"
)
# What a channel within the application may have, and the switch of what Quarkus attaches.
_OF_ANY_CHANNEL = frozenset({"enabled", "merge", "broadcast", "concurrency"})
_ATTACHMENT: tuple[Name, ...] = (
    ("quarkus", "messaging", "autoconnectorattachment"),
    ("quarkus", "reactivemessaging", "autoconnectorattachment"),
)
# A channel without a connector of its own is Kafka's when it says what only Kafka's has.
_TELLING = frozenset(
    {"value.serializer", "value.deserializer", "key.serializer", "key.deserializer"}
    | {"group.id", "auto.offset.reset", "bootstrap.servers", "enable.auto.commit"}
)
# Attributes of the connector that are no settings of Kafka's clients (those with a dash are not
# either), and names that begin what another client of the channel gets.
_ATTRIBUTES = frozenset(
    {"connector", "topic", "topics", "enabled", "partitions", "partition", "requests", "pattern"}
    | {"retry", "broadcast", "batch", "key", "merge", "waitForWriteCompletion", "concurrency"}
    | {"ordered", "throttled", "checkpoint", "apicurio", "tracing", "schema"}
)
_OTHERS = re.compile(r"(?:throttled|checkpoint|ordered|apicurio|schema|mp|quarkus|health|cloud)\.")

_PRODUCER = Layer("set by SmallRye's Kafka connector", False, {"acks": (("0", "1"),)})
_CONSUMER = Layer(
    "set by SmallRye's Kafka connector", False, {"enable.auto.commit": (("0", False),)}
)

_PRODUCTION = "prod"
_LEFT_OUT = UNJUDGED_PROFILES | {"dev", _PRODUCTION}


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for fact in facts_of(document, text, path, PLACEMENT, _belongs, _proves):
        yield from _by_profile(fact)


def _belongs(name: Name) -> bool:
    own = name[1:] if name and name[0].startswith("%") else name
    return bool(own) and own[0] in ("mp", "quarkus", "kafka", "kafkastreams")


def _proves(name: Name) -> bool:
    return name[:3] == _OF_CONNECTOR[:3]


def _by_profile(fact: ConfigFact) -> Iterator[ConfigFact]:
    """The properties of a document parted by the profile that leads their names (`%prod.`)."""
    parts: dict[str, list[WrittenSetting]] = {"": []}
    homes: dict[str, list[Home]] = {"": []}
    for setting in fact.block.settings:
        profile, name = _profile(setting.key)
        parts.setdefault(profile, []).append(replace(setting, key=name))
    for home in fact.block.homes:
        profile, name = _profile(home.prefix)
        homes.setdefault(profile, []).append(replace(home, prefix=name))
    for number, (profile, settings) in enumerate(parts.items()):
        if not settings:
            continue
        block = replace(
            fact.block,
            settings=tuple(settings),
            homes=tuple(homes.get(profile, ())),
            duplicates=tuple(
                replace(one, key=_profile(one.key)[1])
                for one in fact.block.duplicates
                if _profile(one.key)[0] == profile
            ),
        )
        profiled = bool(profile or fact.details["profile"])
        details = {
            **fact.details,
            "when": profile,
            "rank": f"{int(profiled)}.{fact.details['rank']}.{number}",
        }
        yield replace(fact, block=block, details=details)


def _profile(name: str) -> tuple[str, str]:
    """The profiles that lead a name, and the rest; `%{a,b}` names several."""
    if not name.startswith("%"):
        return "", name
    profile, _, rest = name[1:].partition(".")
    return profile.strip("{}"), rest


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """The clients of Quarkus applications in place of their documents."""
    documents = [one for one in facts if one.role == ROLE and one.placement == PLACEMENT]
    if not documents:
        return list(facts)
    joined = [one for one in facts if one not in documents]
    for sources in applications(documents, lambda fact: fact.details["when"]):
        whole = Environment.of([one for _, one in sources.documents])
        if not any(whole.has(one) for one in _EVIDENCE):
            continue  # another program's properties that begin with "kafka"
        spans = [
            home.span
            for _, one in sources.documents
            for home in one.block.homes
            if home.prefix and _belongs(uniform(elements(home.prefix)))
        ]
        joined = [
            one
            for one in joined
            if one.placement != "client properties" or not any(s.covers(one.span) for s in spans)
        ]
        module = next((one.details["module"] for _, one in sources.documents), "")
        build = build_of(module, read)
        made = partial(_clients, alone=_alone(build), streams=not _without_streams(build))
        base = list(made(sources.environment(_PRODUCTION)))
        profiles = (one for one in sources.profiles() if one.lower() not in _LEFT_OUT)
        joined.extend(with_profiles(sources, base, profiles, made))
    return joined


def _alone(build: Build | None) -> bool:
    """Whether Kafka's is the only connector of the class path; one in memory may be the tests'."""
    if build is None or not build.own & _EXTENSIONS:
        return False
    others = {one for one in build.named - _EXTENSIONS if _ANY_CONNECTOR.fullmatch(one)}
    return not others or (others == {_IN_MEMORY} and _IN_MEMORY not in build.own)


def _without_streams(build: Build | None) -> bool:
    """Whether the extension of Kafka Streams, which reads `kafka-streams.`, is not there."""
    if build is None or not any(one.startswith("quarkus-") for one in build.own):
        return False
    return not any(_STREAMS_ARTIFACT.fullmatch(one) for one in build.own | build.named)


def _clients(env: Environment, alone: bool = False, streams: bool = True) -> Iterator[ConfigFact]:
    for side, role in _ROLES.items():
        for channel in env.children(*_CHANNELS, side):
            path = (*_CHANNELS, side, *uniform((channel,)))
            if _is_kafka(env, path, alone):
                yield _channel(env, side, role, channel, path)
    if env.has(*_QUARKUS_STREAMS) or (streams and env.has(*_STREAMS)):
        yield from _streams(env)


def _is_kafka(env: Environment, path: Name, alone: bool) -> bool:
    if env.text(*path, "enabled") == "false":
        return False
    connector = env.get(*path, "connector")
    if connector is not None:
        return env.text(*path, "connector") == _CONNECTOR
    keys = {_key(rest) for rest, _ in env.under(*path)}
    if keys & _TELLING:
        return True
    return alone and bool(keys - _OF_ANY_CHANNEL) and not any(env.has(*one) for one in _ATTACHMENT)


def _key(rest: Name) -> str:
    """A property behind a channel's name as a key: as it is written, without quotes."""
    return ".".join(one.strip('"') for one in rest)


def _channel(env: Environment, side: str, role: str, channel: str, path: Name) -> ConfigFact:
    block = layered(
        blocks_at(env, ("kafka",), keep=lambda key: _is_setting(key) and of_role(key, role)),
        blocks_at(env, _OF_CONNECTOR, keep=lambda key: _is_setting(key) and of_role(key, role)),
        blocks_at(env, path, keep=_is_setting),
    )
    homes = home_at(env, f"mp.messaging.{side}.{channel}", "plain")
    span = _first(env, path)
    name = channel.strip('"')
    topics = topics_at(env, path, "topic", name)
    if env.has(*path, "topics"):
        topics = topics_at(env, path, "topics", "", ",")
    if env.has(*path, "pattern"):
        topics = ""
    return ConfigFact(
        f"quarkus {side} channel",
        ("java",),
        role,
        replace(block, homes=homes, duplicates=duplicates_at(env, path)),
        span,
        name=name,
        layers=(_PRODUCER if role == "producer" else _CONSUMER,),
        details={"framework": "smallrye", "topics": topics},
    )


def _is_setting(key: str) -> bool:
    """Whether a property of a channel is a setting of Kafka's client."""
    return "-" not in key and key not in _ATTRIBUTES and not _OTHERS.match(key)


def _first(env: Environment, path: Name) -> Span:
    size = len(path)
    return next(one.key_span for name, one in env.settings.items() if name[:size] == path)


def _streams(env: Environment) -> Iterator[ConfigFact]:
    """The Kafka Streams application of the extension: `kafka-streams.` passes everything on."""
    block = layered(
        blocks_at(env, _QUARKUS_STREAMS, {"applicationid": "application.id"}),
        blocks_at(env, _STREAMS),
    )
    own = env.has(*_STREAMS)
    named = env.get(*_QUARKUS_STREAMS, "applicationid")
    yield ConfigFact(
        "quarkus kafka streams",
        ("java",),
        "streams",
        replace(block, homes=home_at(env, "kafka-streams", "plain", (_QUARKUS_STREAMS,))),
        named.key_span if named else _first(env, _STREAMS if own else _QUARKUS_STREAMS),
    )
