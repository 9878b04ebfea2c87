"""A key that another Kafka client understands, and this one does not.

## What it does

Reports a setting spelled as another client library has it: a Java setting given to librdkafka
(`max.poll.records` before 2.15, `buffer.memory`), `bootstrap_servers` given to confluent-kafka,
`retries` given to aiokafka, a serializer given to a class that takes none, librdkafka's and the
old Scala client's aliases (`request.required.acks`) in a Java file. It names the key this client
has for the same thing, where there is one.

## The failure

A service moves from kafka-python to confluent-kafka. `acks` and `retries` are called the same, so
the new dict is the old one with dots, `max_in_flight_requests_per_connection` and all. The first
deployment raises at construction, at night, in the one environment whose configuration had not
been tried. With a Java client nothing raises: `request.required.acks=all` is logged as unknown,
the producer writes with the acks its release defaults to, and the replica that was the reason for
the setting is not waited for.

## What the fix costs

Nothing but the key. Equally named settings differ in units and defaults: read this client's own
page for the one that is proposed.

## When it is silent

In files of which it is not known which client reads them, and about keys that an application may
read itself. Java files are judged by the aliases that Java never had alone. Where some version the
project allows has the key, it speaks with low confidence, which is not shown by default.

## References

librdkafka CONFIGURATION.md; kafka-python `DEFAULT_CONFIG`; aiokafka's constructors; Kafka's
producer and consumer configuration pages.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Client, Goal, Hit, Project, Rule, speak
from oncelint.model.project import KeyUse
from oncelint_rules import config


def check(client: Client, project: Project) -> Iterator[Hit]:
    for use in config.uses(client, "other-client"):
        if not use.refused and config.read_by_another(client, use, project):
            continue
        advice = f"write {use.nearest}" if use.nearest else "remove it"
        yield Hit(
            span=use.span,
            message=_message(client, use) + f"; {advice}",
            confidence=config.confidence(client, use.certain, use.refused),
            severity="error" if use.refused else "warning",
            setting=use.key,
            related=config.the_client(client, use.span),
            goal=Goal(f"rename {use.key} to {use.nearest}" if use.nearest else f"remove {use.key}"),
            causes=config.causes(client, use.span, use.refused),
            subject_key=speak.subject_key(client, use.key),
        )


def _message(client: Client, use: KeyUse) -> str:
    library = speak.versions(client, use.versions)
    if not use.refused:
        return f"{use.key} has no effect: it is a setting of {use.detail}, and {library} has none of that name"
    start = speak.does_not_start(client, use.refused)
    # another class of the same library has it
    sibling = use.detail.endswith(("Producer", "Consumer"))
    here = client.construct if sibling else library
    return f"{start}: {use.key} is a setting of {use.detail}, and {here} has none of that name"


RULE = Rule(
    id="key-of-another-client",
    group="config",
    subject=Client,
    severity="error",
    check=check,
    summary="a setting of another client library, which this one refuses or ignores",
    supersedes=config.FOLLOWS_FROM_RUNNING,
)
