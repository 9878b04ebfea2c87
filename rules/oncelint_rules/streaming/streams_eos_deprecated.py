"""An exactly-once guarantee under a name that Kafka Streams has given up.

## What it does

Reports `processing.guarantee` exactly_once or exactly_once_beta in Kafka Streams 3.0 or newer. These
names are deprecated there, and from 4.0 on the application does not start with them. It knows the
versions: `exactly_once` is right until 2.5, `exactly_once_beta` in 2.6 to 2.8.

## The failure

A shipments application has run for years with `processing.guarantee=exactly_once`. A dependency update
brings Kafka Streams 4.0. The pods of the new release die at their first line, with a ConfigException
that the value must be at_least_once or exactly_once_v2. Until then the old guarantee had cost it more
than it needed to: one transactional producer for every task rather than one for every thread, with as
many open transactions on the brokers and as much to wait for after a rebalance.

## What the fix costs

`exactly_once_v2` needs brokers of 2.5 or newer, and nothing else. A running application is moved by a
rolling restart. The fix is safe where all versions that are possible have the new name.

## When it is silent

Before 3.0, where the old names are the only ones; for Faust, whose only name is exactly_once. Where
nothing tells the version of Kafka Streams the confidence is low.

## References

KIP-447 (one producer for each thread), KIP-732 (deprecation of the old names); Kafka 4.0 upgrade notes
(KAFKA-12689); Kafka `StreamsConfig`, `processing.guarantee`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    Goal,
    Hit,
    Project,
    Rule,
    Severity,
    StreamsApplication,
    as_text,
    speak,
)
from oncelint.model.versions import at_least
from oncelint_rules.common import streams

_OLD = (streams.ALPHA, streams.BETA)


def check(application: StreamsApplication, project: Project) -> Iterator[Hit]:
    held = [
        world
        for world in application.worlds
        if world.dialect == "java" and streams.guarantee(world) in _OLD
    ]
    if not held:
        return
    world = held[-1]
    setting = world.settings[streams.GUARANTEE]
    versions = application.client_versions or tuple(v for one in held for v in one.versions)
    newer = [one for one in versions if at_least(one, "3.0")]
    refused = [one for one in versions if at_least(one, "4.0")]
    if not newer:
        return
    certain = len(newer) == len(versions) and len(held) == len(application.worlds)
    confidence: Confidence = "high" if certain else "low"
    severity: Severity | None = None
    value = as_text(setting.value)
    if len(refused) == len(versions):
        severity = "error"
        message = (
            f"{speak.does_not_start(application, 'ConfigException')}: {setting.spelled} is {value},"
            f" which {speak.versions(application)} has no more; set it to {streams.V2}"
        )
    else:
        which = speak.versions(application) if application.client_versions else "Kafka Streams 3.0"
        message = (
            "from Kafka Streams 4.0 on the application does not start, and until then it opens a"
            f" transaction for every task: {setting.spelled} is {value}, deprecated in {which};"
            f" set it to {streams.V2}"
        )
    span = speak.place(setting, application)
    yield Hit(
        span=span,
        message=message,
        confidence=confidence,
        severity=severity,
        setting=setting.spelled,
        related=speak.elsewhere(application, span, setting),
        provenance=setting.origins,
        goal=Goal(
            f"set {setting.spelled} to {streams.V2}",
            {streams.GUARANTEE: streams.V2},
            "safe" if certain else "unsafe",
            "" if certain else "a Kafka Streams older than 3.0 does not know the name",
        ),
        causes=(span, application.span),
        subject_key=speak.subject_key(application, streams.GUARANTEE),
    )


RULE = Rule(
    id="streams-eos-deprecated",
    group="streaming",
    subject=StreamsApplication,
    severity="warning",
    check=check,
    summary="an exactly-once guarantee under a name that Kafka Streams has given up",
    supersedes=("invalid-value",),
    fix="safe",
)
