"""A consumer's setting on a producer, or a producer's on a consumer: nobody reads it.

## What it does

Reports a setting that this client library has for the other role only: `isolation.level` on a
producer, `transactional.id` on a consumer, `group.id` in a producer's file. librdkafka and the Java
client ignore it with a line in the log; kafka-python and aiokafka refuse it as an unknown argument.

## The failure

After an incident with aborted records the runbook says: set `isolation.level=read_committed`. It
goes into `producer.properties`, where the other transactional settings are. The producer ignores
it. The consumers, whose file nobody touched, go on handing aborted payments to the ledger, and the
incident is closed because the setting is in the repository.

## What the fix costs

Moving the line to the client that reads it, or deleting it. Moving it makes it take effect: an
`isolation.level` that is moved holds records back until their transactions end. Where a client of
the right role beside this one has the setting already, there is nothing to move.

## When it is silent

In a file or dict that both roles are made from: there is a reader. About connectors and workers,
whose prefixes name the role, and about Streams applications, which have clients of both roles.

## References

librdkafka CONFIGURATION.md (column C/P) and `rd_kafka_conf_warn`; Kafka's producer and consumer
configuration pages; kafka-python and aiokafka constructors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from oncelint.model import Client, Goal, Hit, Project, Related, Rule, Span, speak
from oncelint.model.project import KeyUse
from oncelint_rules import config


def check(client: Client, project: Project) -> Iterator[Hit]:
    for use in config.uses(client, "other-role"):
        if not use.refused and config.read_by_another(client, use, project):
            continue
        related = config.the_client(client, use.span)
        goal = Goal(
            f"remove {use.key}",
            {},
            "unsafe",
            f"a {use.detail} may be what it was meant for",
            removals=(use.span,),
        )
        if use.refused:
            start = speak.does_not_start(client, use.refused)
            message = f"{start}: {use.key} is a {use.detail} setting; remove it"
        else:
            advice = f"set it on the {use.detail} that needs it"
            reader = _set_already(client, use, project)
            if reader is not None:
                advice = "remove it"
                related = (*related, Related(reader, f"{use.key} is set here"))
                goal = replace(goal, safety="safe")
            else:
                reason = f"which {use.detail} needs it is yours to say"
                goal = Goal(f"move {use.key} to the {use.detail}", reason=reason)
            message = (
                f"{use.key} has no effect here: it is a {use.detail} setting and no {client.role}"
                f" reads it; {advice}"
            )
        yield Hit(
            span=use.span,
            message=message,
            confidence=config.confidence(client, use.certain, use.refused),
            severity="error" if use.refused else "warning",
            setting=use.key,
            related=related,
            goal=goal,
            causes=config.causes(client, use.span, use.refused),
            subject_key=speak.subject_key(client, use.key),
        )


def _set_already(client: Client, use: KeyUse, project: Project) -> Span | None:
    """Where a client of the right role beside this one (in its folder or its deployment unit) has
    the setting."""
    roles = use.detail.split(" and ")
    folder = client.span.path.rpartition("/")[0]
    places = (
        (one.span.path.rpartition("/")[0] != folder, other.span)
        for one in project.clients
        if one.role in roles and not one.in_tests
        if one.unit == client.unit or one.span.path.rpartition("/")[0] == folder
        for other in one.keys
        if other.key == use.key and other.status in ("known", "deprecated")
    )
    return min(places, default=(False, None))[1]


RULE = Rule(
    id="key-of-another-role",
    group="config",
    subject=Client,
    severity="warning",
    check=check,
    summary="a setting of the other role, which this client ignores or refuses",
    supersedes=config.FOLLOWS_FROM_RUNNING,
    fix="safe",
)
