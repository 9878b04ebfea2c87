"""Spring Cloud Stream's binder of Kafka Streams: the applications that it starts.

Sources: `KafkaStreamsBinderSupportAutoConfiguration` (what Spring Boot makes of `spring.kafka` for
streams, above it the binder's `configuration`), `AbstractKafkaStreamsBinderProcessor` (above these
a function's own, and the configuration of its bindings' consumers); Spring Cloud Stream reference,
"Kafka Streams Binder", "Configuration Options".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from oncelint.frameworks.applications.environments import Environment, blocks_at, home_at
from oncelint.frameworks.applications.relaxed import Name, elements, uniform
from oncelint.frameworks.applications.spring import boot
from oncelint.frameworks.applications.spring.binders import BINDINGS, STREAM, Binder
from oncelint.frameworks.blocks import layered
from oncelint.model.facts import Block, ConfigFact, Home
from oncelint.model.values import Span

_ROOT: Name = (*STREAM, "kafka", "streams")
_BINDER: Name = (*_ROOT, "binder")
_OWN: Name = (*_ROOT, "bindings")
_ID = {"applicationid": "application.id"}
_SHOWN = "spring.cloud.stream.kafka.streams.binder"
_INCOMING = re.compile(r"(.+)-in-\d+", re.IGNORECASE)


def applications(binder: Binder) -> Iterator[ConfigFact]:
    """One application, or one for each function that has its own id or configuration."""
    env = binder.env
    span = span_at(env, _BINDER) or span_at(env, _ROOT) or _of_bindings(binder)
    if span is None:
        return
    shared = layered(
        *boot.levels(env, "streams"),
        blocks_at(env, _BINDER, _ID),
        blocks_at(env, (*_BINDER, "configuration")),
    )
    functions = env.children(*_BINDER, "functions")
    for function in functions or ("",):
        path = (*_BINDER, "functions", *uniform((function,)))
        own: tuple[Block, ...] = ()
        if function:
            own = (blocks_at(env, path, _ID), blocks_at(env, (*path, "configuration")))
        block = layered(shared, *own, *_consumers(env, function))
        yield ConfigFact(
            "spring cloud stream streams",
            ("java",),
            "streams",
            replace(block, homes=_homes(binder, function)),
            (span_at(env, path) if function else None) or span,
            name=function or ("" if binder.one else binder.name),
        )


def _homes(binder: Binder, function: str) -> tuple[Home, ...]:
    target = _SHOWN + (f".functions.{function}" if function else "")
    near: tuple[Name, ...] = ((*STREAM, "kafka"), STREAM)
    if binder.at:
        target = f"{binder.at}.{target}"
        near = (uniform(elements(binder.at)), uniform(elements(binder.at))[:-1])
    return home_at(binder.env, target, "spring-binder-streams", near, inner="configuration")


def _consumers(env: Environment, function: str) -> Iterator[Block]:
    """What the incoming bindings of a function (of any, without one) are configured with."""
    for name in env.children(*_OWN):
        match = _INCOMING.fullmatch(name)
        if not function or match is None or uniform((match[1],)) == uniform((function,)):
            path = (*_OWN, *uniform((name,)), "consumer")
            yield blocks_at(env, path, _ID)
            yield blocks_at(env, (*path, "configuration"))


def _of_bindings(binder: Binder) -> Span | None:
    """The first property of a binding of the binder's."""
    for name in binder.env.children(*BINDINGS):
        plain = uniform((name,))[0]
        if _INCOMING.fullmatch(name) and binder.takes(plain, False):
            return span_at(binder.env, (*BINDINGS, plain))
    return None


def span_at(env: Environment, prefix: Name) -> Span | None:
    """Where the first property under a name stands."""
    size = len(prefix)
    return next((one.key_span for name, one in env.settings.items() if name[:size] == prefix), None)
