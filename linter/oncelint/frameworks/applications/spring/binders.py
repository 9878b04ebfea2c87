"""The binders of a Spring Cloud Stream application, and which of them a binding uses.

Sources: Spring Cloud Stream reference, "Multiple Binders on the Classpath" (the only binder of the
class path is the default, `default-binder` names another), "Connecting to Multiple Systems" and
"Customizing Binders in Multi Binder Applications"; `DefaultBinderFactory` (a binding without a
binder's name takes the default, else the only default candidate; what a binder's `environment` has
lies above the application's properties, which it inherits unless told otherwise).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from oncelint.frameworks.applications.builds import Build
from oncelint.frameworks.applications.environments import Environment
from oncelint.frameworks.applications.relaxed import Name, uniform
from oncelint.model.facts import Block

STREAM: Name = ("spring", "cloud", "stream")
BINDINGS: Name = (*STREAM, "bindings")
_BINDERS: Name = (*STREAM, "binders")

KAFKA = "kafka"
KSTREAM = "kstream"

_ARTIFACTS = frozenset(
    {"spring-cloud-stream-binder-kafka", "spring-cloud-starter-stream-kafka"}
    | {"spring-cloud-stream-binder-kafka-core"}
)
_OF_STREAMS = frozenset(
    {"spring-cloud-stream-binder-kafka-streams", "spring-cloud-stream-binder-kafka-core"}
)
_ANY_BINDER = re.compile(r".*(?:stream-binder|starter-stream).*")
# The properties of other systems' binders.
_OTHERS = ("rabbit", "rocketmq", "kinesis", "pulsar", "solace", "eventhubs", "gcp", "servicebus")
# What stands under `spring.cloud.stream` that is no binder's own (`BindingServiceProperties`).
_COMMON = frozenset(
    {"bindings", "default", "function", "source", "integration", "pollablesource"}
    | {"inputbindings", "outputbindings", "instancecount", "instanceindex", "instanceindexlist"}
    | {"dynamicdestinations", "dynamicdestinationcachesize", "bindingretryinterval", "poller"}
    | {"overridecloudconnectors", "sendto", "schemaregistryclient", "schema", "metrics"}
)


@dataclass(frozen=True, slots=True)
class Binder:
    """A binder that Kafka is behind.

    `name` is what bindings call it, `kind` KAFKA for message channels or KSTREAM for Kafka Streams,
    `env` the properties that it runs with, and `at` the name under which its own stand: empty
    where they are the application's. `unnamed` tells whether bindings that name no binder are
    its own; "configured" ones are, when it is only those with a configuration of Kafka's. `one`
    when it is the only one that is defined.
    """

    name: str
    kind: str
    env: Environment
    at: str = ""
    unnamed: bool = True
    configured: bool = False
    one: bool = True

    def takes(self, binding: str, own: bool) -> bool:
        """Whether a binding, by the uniform name, is this binder's; `own` when it has
        a configuration of Kafka's."""
        for path in ((*BINDINGS, binding, "binder"), (*STREAM, "defaultbinder")):
            if self.env.get(*path) is not None:
                return self.env.text(*path) == self.name
        return self.unnamed or (self.configured and own)


def binders(env: Environment, build: Build | None) -> Iterator[Binder]:
    """The binders of Kafka that an application defines or gets.

    `build` is what its build file names: with one binder of Kafka's and no other on the class path
    every binding is that binder's.
    """
    if env.has(*_BINDERS):
        yield from _defined(env, build)
    elif env.has(*STREAM, "kafka", "streams"):
        yield Binder(KSTREAM, KSTREAM, env)
        # with the Kafka Streams binder beside it, a binding may be a stream's
        configured = env.has(*STREAM, "kafka", "binder") and env.has(*STREAM, "kafka", "bindings")
        yield Binder(KAFKA, KAFKA, env, unnamed=False, configured=configured)
    elif any(env.has(*STREAM, one) for one in _OTHERS):
        yield Binder(KAFKA, KAFKA, env, unnamed=False)
    elif (
        env.has(*STREAM, "kafka")
        or env.text(*STREAM, "defaultbinder") == KAFKA
        or _alone(env, build, _ARTIFACTS)
    ):
        yield Binder(KAFKA, KAFKA, env)
    elif _alone(env, build, _OF_STREAMS):
        yield Binder(KSTREAM, KSTREAM, env)


def _alone(env: Environment, build: Build | None, artifacts: frozenset[str]) -> bool:
    """Whether a binder of these artifacts is the only one of the class path."""
    if build is None or not build.own & artifacts:
        return False
    if any(one not in artifacts and _ANY_BINDER.fullmatch(one) for one in build.named):
        return False
    default = env.get(*STREAM, "defaultbinder")
    others = [one for one in env.children(*STREAM) if uniform((one,))[0] not in _COMMON]
    return default is None and not others


def _defined(env: Environment, build: Build | None) -> Iterator[Binder]:
    """The binders that are defined by name; a binder that does not inherit the application's
    properties is left out."""
    names = env.children(*_BINDERS)
    candidates = [
        one
        for one in names
        if env.text(*_BINDERS, *uniform((one,)), "defaultcandidate") in (None, "true")
    ]
    # functions of Kafka Streams need a binder of their own
    streams = env.has(*STREAM, "kafka", "streams") or (
        build is not None and any("kafka-streams" in one for one in build.named)
    )
    for name in names:
        path = (*_BINDERS, *uniform((name,)))
        kind = env.text(*path, "type") if env.has(*path, "type") else name
        if kind not in (KAFKA, KSTREAM) or env.get(*path, "inheritenvironment") is not None:
            continue
        yield Binder(
            name,
            kind,
            _within(env, path),
            at=f"spring.cloud.stream.binders.{name}.environment",
            unnamed=candidates == [name] and not (kind == KAFKA and streams),
            one=len(names) == 1,
        )


def _within(env: Environment, path: Name) -> Environment:
    """The properties of a binder's own context."""
    own = tuple(
        replace(one, key=".".join(rest), shown=one.key)
        for rest, one in env.under(*path, "environment")
    )
    above = replace(env.documents[-1], block=Block(own))
    settings = Environment.of((*env.documents, above)).settings
    return Environment(env.documents, settings)
