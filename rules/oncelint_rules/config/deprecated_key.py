"""A setting the client still takes, and its makers are about to remove or have made useless.

## What it does

Reports a key that the client library marks as deprecated in the versions the project allows, with
what its makers say to use instead.

## The failure

`queuing.strategy=lifo` was set years ago to favour fresh readings. librdkafka deprecated it, and
refuses it together with idempotence. On the day somebody asks for `enable.idempotence` the
producer no longer starts, and the quickest way out is to take the guarantee back. For other keys
the failure is the upgrade itself: Kafka Streams 4.0 removed settings that 3.x only warned of.

## What the fix costs

Nothing where a successor is named: rename the key. A setting without a successor has no effect
any more, or will have none; delete it after reading its note.

## When it is silent

When only some of the versions the project allows call it deprecated, it speaks with low confidence,
which is not shown by default. About brokers and workers, whose release the project does not tell,
unless every release deprecates the key.

## References

librdkafka CONFIGURATION.md; kafka-python `DEPRECATED_CONFIGS`; the deprecations in Kafka's own
configuration classes; KIP-572, KIP-724, KIP-770, KIP-1056.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Client, Goal, Hit, Project, Rule, speak
from oncelint.model.project import KeyUse
from oncelint_rules import config


def check(client: Client, project: Project) -> Iterator[Hit]:
    for use in config.uses(client, "deprecated"):
        library = speak.versions(client, () if use.certain else use.versions)
        advice = use.detail if use.detail.startswith(("use ", "set ")) else "replace or remove it"
        if use.detail.startswith(_IDLE):
            yield _idle(client, use, library)
            continue
        note = "" if use.detail == advice or "deprecated" in use.detail else f" ({use.detail})"
        yield Hit(
            span=use.span,
            message=f"{use.key} is on its way out: {library} calls it deprecated{note}; {advice}",
            confidence="high" if use.certain else "low",
            setting=use.key,
            related=config.the_client(client, use.span),
            goal=Goal(f"replace or remove {use.key}", reason="what replaces it is yours to choose"),
            causes=(use.span,),
            subject_key=speak.subject_key(client, use.key),
        )


# What the makers' note says of a setting that nothing reads any more.
_IDLE = ("no longer used", "has no effect")


def _idle(client: Client, use: KeyUse, library: str) -> Hit:
    _, _, instead = use.detail.partition("; ")
    advice = f"remove it, {instead}" if instead else "remove it"
    return Hit(
        span=use.span,
        message=f"{use.key} has no effect any more: {library} takes it and does not use it; {advice}",
        confidence="high" if use.certain else "low",
        setting=use.key,
        related=config.the_client(client, use.span),
        goal=Goal(f"remove {use.key}", {}, "safe", removals=(use.span,)),
        causes=(use.span,),
        subject_key=speak.subject_key(client, use.key),
    )


RULE = Rule(
    id="deprecated-key",
    group="config",
    subject=Client,
    severity="warning",
    check=check,
    summary="a deprecated setting, with what to use instead",
    fix="safe",
)
