"""Placement: application files of Micronaut Kafka.

`kafka.producers.<id>.*`, `kafka.consumers.<group or id>.*`, `kafka.streams.<name>.*`, beneath them
what `kafka.*` says for all; `application-<environment>.yml` lies above `application.yml`. What an
annotation (`@KafkaClient`, `@KafkaListener`) sets is not seen, so that what is absent is unknown.

Sources: Micronaut Kafka guide, "Configuration", "Defining @KafkaClient Methods"; Micronaut Core
guide, "Externalized Configuration with PropertySources"; `KafkaProducerConfiguration`,
`AbstractKafkaConfiguration`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from oncelint.formats.tree import Document
from oncelint.frameworks.applications.environments import (
    Environment,
    blocks_at,
    duplicates_at,
    home_at,
)
from oncelint.frameworks.applications.files import ROLE, applications, facts_of, with_profiles
from oncelint.frameworks.applications.relaxed import Name, elements, uniform
from oncelint.frameworks.applications.spring.boot import of_role
from oncelint.frameworks.blocks import layered
from oncelint.model.facts import ConfigFact
from oncelint.text import Text

PLACEMENT = "micronaut application"

_SECTIONS = {"producers": "producer", "consumers": "consumer", "streams": "streams"}
_ANNOTATIONS = {
    "producer": "what @KafkaClient sets is not seen",
    "consumer": "what @KafkaListener sets is not seen",
    "streams": "what a ConfiguredStreamBuilder is given is not seen",
}
# Properties of Micronaut's own beside the clients' settings.
_OWN = frozenset(
    {"enabled", "health", "metrics", "embedded", "producers", "consumers", "streams"}
    | {"topics", "schema", "key", "value", "start-kafka-streams", "uncaught-exception-handler"}
)


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    yield from facts_of(document, text, path, PLACEMENT, _belongs, lambda name: False)


def _belongs(name: Name) -> bool:
    return name[:1] in (("micronaut",), ("kafka",))


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """The clients of Micronaut applications in place of their documents."""
    documents = [one for one in facts if one.role == ROLE and one.placement == PLACEMENT]
    if not documents:
        return list(facts)
    joined = [one for one in facts if one not in documents]
    for sources in applications(documents, lambda fact: ""):
        whole = Environment.of([one for _, one in sources.documents])
        if not whole.has("micronaut"):
            continue  # another program's properties of the same names
        spans = [
            home.span
            for _, one in sources.documents
            for home in one.block.homes
            if uniform(elements(home.prefix))[:1] == ("kafka",)
        ]
        joined = [
            one
            for one in joined
            if one.placement != "client properties" or not any(s.covers(one.span) for s in spans)
        ]
        base = list(_clients(sources.environment()))
        joined.extend(with_profiles(sources, base, sources.profiles(), _clients))
    return joined


def _clients(env: Environment) -> Iterator[ConfigFact]:
    for section, role in _SECTIONS.items():
        for name in env.children("kafka", section):
            yield _client(env, section, role, name)


def _client(env: Environment, section: str, role: str, name: str) -> ConfigFact:
    path: Name = ("kafka", section, *uniform((name,)))
    default: Name = ("kafka", section, "default")
    block = layered(
        blocks_at(env, ("kafka",), keep=lambda key: _is_setting(key) and of_role(key, role)),
        blocks_at(env, default, keep=_is_setting),
        *(() if path == default else (blocks_at(env, path, keep=_is_setting),)),
    )
    span = next(one.key_span for full, one in env.settings.items() if full[: len(path)] == path)
    return ConfigFact(
        f"micronaut {role}",
        ("java",),
        role,
        replace(
            block,
            open_reason=_ANNOTATIONS.get(role),
            duplicates=duplicates_at(env, path),
            homes=home_at(env, f"kafka.{section}.{name}", "plain"),
        ),
        span,
        name=name,
    )


def _is_setting(key: str) -> bool:
    first = key.partition(".")[0]
    if first in ("key", "value"):
        return key.count(".") > 0
    return first not in _OWN
