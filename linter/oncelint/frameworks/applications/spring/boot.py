"""`spring.kafka.*`: the clients that Spring Boot makes of it.

Sources: `KafkaProperties` (buildProducerProperties, buildConsumerProperties, buildStreamsProperties:
what all clients share, above it a section's own names, above them its map of `properties`);
`DefaultKafkaProducerFactory` (a transaction-id prefix makes each producer transactional, with a
number behind the prefix); `KafkaMessageListenerContainer` (a listener's consumer does not commit
by itself unless told to, from Spring Kafka 2.3, which comes with clients 2.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from oncelint.frameworks.applications.environments import (
    Environment,
    blocks_at,
    camel,
    duplicates_at,
    home_at,
)
from oncelint.frameworks.applications.relaxed import Name, key_of, uniform
from oncelint.frameworks.applications.spring.names import TRANSACTIONAL_ID, UNIFORM, convert
from oncelint.frameworks.blocks import layered
from oncelint.model.facts import UNREAD, Block, ConfigFact, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Computed, Known, Unknown, Value, as_text

ROOT: Name = ("spring", "kafka")
_SECURITY = {"protocol": "security.protocol"}
ISOLATION = "isolation.level"

LISTENER = Layer(
    "set by Spring Kafka's listener container",
    False,
    {"enable.auto.commit": (("0", None), ("2.3.0", False))},
)
_LEVEL = Layer(
    "Spring Boot's own default, which lies above spring.kafka.properties",
    False,
    {ISOLATION: (("0", None), ("2.3.0", "read_uncommitted"))},
)
# The sections that only a client of the role reads.
_EVIDENCE: dict[str, tuple[str, ...]] = {
    "producer": ("producer", "template"),
    "consumer": ("consumer", "listener"),
    "streams": ("streams",),
    "admin": (),
}
_SHARED_ROLES = ("producer", "consumer", "streams", "admin")


def clients(env: Environment) -> Iterator[ConfigFact]:
    """A fact for each role that the properties speak of; their spans are of the section's first
    property."""
    for role, sections in _EVIDENCE.items():
        if not any(env.has(*ROOT, section) for section in sections):
            continue
        span = next(
            setting.key_span
            for section in sections
            for name, setting in env.settings.items()
            if name[:3] == (*ROOT, section)
        )
        block = client_block(env, role)
        yield ConfigFact(
            f"spring {role}",
            ("java",),
            role,
            block,
            span,
            layers=_layers(env) if role == "consumer" else (),
        )


def _layers(env: Environment) -> tuple[Layer, ...]:
    shared = any(key_of(rest) == ISOLATION for rest, _ in env.under(*ROOT, "properties"))
    return (LISTENER, _LEVEL) if shared else (LISTENER,)


def client_block(env: Environment, role: str) -> Block:
    """All settings of a client of a role, with the places that take more of them."""
    section = (*ROOT, role)
    block = layered(*levels(env, role), _unread(env, role))
    style = f"spring-{role}" + ("-camel" if camel(env.documents, section) else "")
    near = ((*ROOT, "template"), (*ROOT, "listener"), ROOT)
    return replace(
        block,
        duplicates=duplicates_at(env, (*ROOT, "properties"), section),
        homes=home_at(env, ".".join(section), style, near, "properties"),
    )


def levels(env: Environment, role: str) -> tuple[Block, ...]:
    """The settings of a role's client from the lowest level to the highest."""
    section = (*ROOT, role)
    common = blocks_at(env, (*ROOT, "properties"), keep=lambda key: of_role(key, role))
    own = blocks_at(env, section, UNIFORM[role], convert)
    passed = blocks_at(env, (*section, "properties"))
    if role == "consumer":
        common = _without_level(common)
    if role == "producer":
        own = _with_prefix(env, own)
    return (
        blocks_at(env, ROOT, UNIFORM["common"], convert),
        blocks_at(env, (*ROOT, "security"), _SECURITY),
        common,
        own,
        blocks_at(env, (*section, "security"), _SECURITY),
        passed,
    )


def _unread(env: Environment, role: str) -> Block:
    """Settings of the client that stand in the section under no name that Boot has: they do not
    reach the client, for which they would have to stand under `properties`."""
    found: list[WrittenSetting] = []
    for rest, setting in env.under(*ROOT, role):
        plain = uniform(rest)
        if plain[0] in _KNOWN_MAPS or (len(rest) == 1 and plain[0] in UNIFORM[role]):
            continue
        meant = _unhyphened(role).get("".join(plain))
        if meant is not None and meant not in UNIFORM[role].values():
            found.append(replace(setting, key=UNREAD + meant, shown=setting.key))
    return Block(tuple(found))


_KNOWN_MAPS = frozenset({"properties", "ssl", "security", "cleanup", "jaas"})


@cache
def _unhyphened(role: str) -> dict[str, str]:
    """The settings that a client of a role has, by their keys without dots."""
    from oncelint.dialects import table, table_name

    keys = table(table_name("java", role)).by_spelling
    return {key.replace(".", ""): key for key in keys if "." in key}


def of_role(key: str, role: str) -> bool:
    """Whether a setting that several roles are given means something to this one: it is its own,
    or nobody's."""
    from oncelint.dialects import table, table_name

    if table(table_name("java", role)).find(key) is not None:
        return True
    others = (table(table_name("java", one)) for one in _SHARED_ROLES if one != role)
    return not any(one.find(key) is not None for one in others)


def _without_level(common: Block) -> Block:
    """From Boot 2.2 on the consumer's section has an isolation level even where nobody wrote one,
    read_uncommitted, and that lies above what all clients share: that is read by no consumer."""
    return replace(common, settings=tuple(s for s in common.settings if s.key != ISOLATION))


def _with_prefix(env: Environment, own: Block) -> Block:
    """The prefix of transactional ids as the ids are: with something behind it that Spring Kafka
    adds. That of a template is its own producers', and tells that there are transactions."""
    settings = list(own.settings)
    if not any(one.key == TRANSACTIONAL_ID for one in settings):
        template = env.get(*ROOT, "template", "transactionidprefix")
        if template is not None:
            settings.append(replace(template, key=TRANSACTIONAL_ID, shown=template.key))
    return replace(
        own, settings=tuple(prefixed(s) if s.key == TRANSACTIONAL_ID else s for s in settings)
    )


def prefixed(setting: WrittenSetting) -> WrittenSetting:
    """A transaction-id prefix as the transactional id that comes of it."""
    return replace(
        setting,
        alternatives=tuple(
            replace(one, value=_numbered(one.value)) if one.value is not None else one
            for one in setting.alternatives
        ),
    )


def _numbered(value: Value) -> Value:
    """An id that begins with the prefix. What it is computed from is left out: a prefix that is
    new with every start is meant to be, for the offsets go with the group's metadata."""
    if isinstance(value, Known) and value.value in (None, ""):
        return value
    if isinstance(value, Unknown):
        return value
    return Computed(f"{as_text(value)}{{n}}", frozenset())
