"""Placement: application files of Spring Boot, Spring Kafka and Spring Cloud Stream.

`application.yml`, `application-<profile>.properties`, `bootstrap.yml` and the files of a
configuration repository. A document becomes a fact of the role "application"; `assemble` makes
the clients of all documents of an application: with no profile, and with each profile that the
files name and that changes one of the clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from oncelint.formats.tree import Document
from oncelint.frameworks.applications.builds import Build, build_of
from oncelint.frameworks.applications.environments import Environment
from oncelint.frameworks.applications.files import (
    ROLE,
    Sources,
    applications,
    facts_of,
    with_profiles,
)
from oncelint.frameworks.applications.relaxed import Name, elements, uniform
from oncelint.frameworks.applications.spring.variables import WORKLOAD, variables_of
from oncelint.model.facts import ConfigFact
from oncelint.model.values import Known, Span, scalar_text
from oncelint.text import Text

PLACEMENT = "spring application"

_KAFKA = (("spring", "kafka"), ("spring", "cloud", "stream"))
_PROFILE = ("spring", "config", "activate", "onprofile")
_LEGACY_PROFILE = ("spring", "profiles")
_IMPORTED = "what spring.config.import brings in is not seen"
_ELSEWHERE = "the application's own files are not seen"
_PLATFORM = ("spring", "config", "activate", "oncloudplatform")


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    yield from facts_of(document, text, path, PLACEMENT, _belongs, _proves)


def _belongs(name: Name) -> bool:
    return name[:1] == ("spring",)


def _proves(name: Name) -> bool:
    return name[:2] == _KAFKA[0] or (name[:3] == _KAFKA[1] and "kafka" in name)


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """The clients of Spring applications in place of their documents."""
    documents = [one for one in facts if one.role == ROLE and one.placement == PLACEMENT]
    if not documents and not any(one.role == WORKLOAD for one in facts):
        return list(facts)
    inside = _Kafkas(documents)
    documents += variables_of(facts, {one.details["module"] for one in documents}, PLACEMENT)
    joined = [one for one in facts if one not in documents and not inside.cover(one)]
    for sources in applications(documents, _when):
        module = next((one.details["module"] for _, one in sources.documents), "")
        joined.extend(_clients(sources, build_of(module, read)))
    return joined


def _when(fact: ConfigFact) -> str | None:
    """The profile expression that a document carries itself."""
    found: list[str] = []
    for one in fact.block.settings:
        name = uniform(elements(one.key))
        if name == _PLATFORM:
            return None
        if name in (_PROFILE, _LEGACY_PROFILE) and isinstance(one.value, Known):
            found.append(scalar_text(one.value.value))
    return ",".join(found)


class _Kafkas:
    """The mappings under `spring.kafka` and `spring.cloud.stream`: what stands there is these
    properties' and no client's own file."""

    def __init__(self, documents: Iterable[ConfigFact]) -> None:
        self._spans: list[Span] = [
            home.span
            for one in documents
            for home in one.block.homes
            if uniform(elements(home.prefix))[:2] == _KAFKA[0]
            or uniform(elements(home.prefix))[:3] == _KAFKA[1]
        ]

    def cover(self, fact: ConfigFact) -> bool:
        return fact.placement == "client properties" and any(
            span.covers(fact.span) for span in self._spans
        )


def _clients(sources: Sources, build: Build | None) -> Iterator[ConfigFact]:
    def made(env: Environment) -> Iterator[ConfigFact]:
        return _made(env, build)

    base = list(made(sources.environment()))
    yield from with_profiles(sources, base, sources.profiles(), made)


def _made(env: Environment, build: Build | None) -> Iterator[ConfigFact]:
    from oncelint.frameworks.applications.spring import boot, cloud

    made = list(cloud.clients(env, build)) if env.has("spring", "cloud", "stream") else []
    taken = {one.role for one in made}  # the binder takes over what spring.kafka says of them
    made.extend(one for one in boot.clients(env) if one.role not in taken)
    unseen = _IMPORTED if env.has("spring", "config", "import") else None
    if all(one.details.get("variables") for one in env.documents):
        unseen = _ELSEWHERE
    for fact in made:
        yield replace(fact, block=replace(fact.block, open_reason=unseen)) if unseen else fact
