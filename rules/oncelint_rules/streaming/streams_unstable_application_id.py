"""An application id that is another one in every process or after every start.

## What it does

Reports a stream application whose `application.id` (Faust: `id`) is made of a random value, the time
or a process id, or of the host's name.

## The failure

A fraud detector runs with `application.id=fraud-${random.uuid}`. The id names its consumer group, its
changelog topics and, with exactly-once, its transactional ids. Every deployment starts a new group:
it has no committed offsets and begins where auto.offset.reset says, at the earliest record, and every
alert of the last week is sent again; or at the latest, and what came in meanwhile is never looked at.
Its state is empty as well, and the changelog topics of all former ids stay on the brokers. With the
host's name in the id each of three instances is an application of its own: each reads all partitions,
and every alert is sent three times.

## What the fix costs

A constant id. There is no automatic fix, as the name has to be that of the application, and one that
is new begins without offsets and state once more.

## When it is silent

When the id is a constant, or comes from the environment or the configuration under a name that tells
nothing; when it is not known. Of an id with the host's name the confidence is medium: a process may
be meant to read everything for itself.

## References

Kafka Streams configuration, `application.id`; "Application reset"; Spring Cloud Stream Kafka Streams
binder, "Application Id"; Spring Boot, `random.*` properties; Faust "Settings", `id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    Hit,
    Project,
    Rule,
    StreamsApplication,
    Unknown,
    World,
    across,
    speak,
)
from oncelint_rules.common import computed

SETTING = "application.id"
_RANDOM = re.compile(r"\$\{random\.|\$[({]uuidgen[)}]|\$\$?RANDOM\b|\$\{RANDOM\}", re.I)
_HOST = re.compile(r"\$\{?\(?(?:HOSTNAME|hostname|POD_NAME|POD_IP|POD_UID|COMPUTERNAME)\b")


def _filled_in(world: World, pattern: re.Pattern[str]) -> bool | None:
    """Whether a placeholder stands in the id that is filled in with something changing."""
    setting = world.setting(SETTING)
    if setting is None or not isinstance(setting.value, Unknown):
        return False
    return True if pattern.search(setting.value.reason) else None


def check(application: StreamsApplication, project: Project) -> Iterator[Hit]:
    changes = computed.changes(application.worlds, SETTING)
    if changes:
        world = changes.world
        made = computed.told(world.settings[SETTING], computed.kinds(world, SETTING))
        yield _random(application, world, f"{made}{changes.where()}", changes.confidence)
        return
    on_host = computed.follows_host(application.worlds, SETTING)
    if on_host:
        yield _host(application, on_host.world)
        return
    random = across(application.worlds, lambda world: _filled_in(world, _RANDOM))
    if random:
        yield _random(application, random.world, "made of a random value", random.confidence)
        return
    host = across(application.worlds, lambda world: _filled_in(world, _HOST))
    if host:
        yield _host(application, host.world)


def _random(
    application: StreamsApplication, world: World, made: str, confidence: Confidence
) -> Hit:
    setting = world.settings[SETTING]
    return _hit(
        application,
        world,
        "every start begins without offsets and state, and repeats or skips records:"
        f" {setting.spelled} is {made}; give the application one constant name",
        confidence,
    )


def _host(application: StreamsApplication, world: World) -> Hit:
    setting = world.settings[SETTING]
    return _hit(
        application,
        world,
        "every instance is an application of its own and processes all records:"
        f" {setting.spelled} is made of the host's name; give all of them one constant name",
        "medium",
    )


def _hit(
    application: StreamsApplication, world: World, message: str, confidence: Confidence
) -> Hit:
    setting = world.settings[SETTING]
    span = speak.place(setting, application)
    return Hit(
        span=span,
        message=message,
        confidence=confidence,
        setting=setting.spelled,
        related=speak.elsewhere(application, span, setting),
        provenance=setting.origins,
        causes=(span,),
        subject_key=speak.subject_key(application, SETTING),
    )


RULE = Rule(
    id="streams-unstable-application-id",
    group="streaming",
    subject=StreamsApplication,
    severity="error",
    check=check,
    summary="an application id that is another one in every process or after every start",
)
