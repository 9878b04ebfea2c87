"""A key that another Kafka client understands, and this one does not.

## What it does

Reports a setting spelled as another client library has it: a Java setting given to librdkafka
(`max.poll.records` before 2.15, `buffer.memory`), `bootstrap_servers` given to confluent-kafka,
`retries` given to aiokafka, a serializer given to a class that takes none, librdkafka's and the
old Scala client's aliases (`request.required.acks`) in a Java file. It names the key this client
has for the same thing, where there is one. Several arguments of kafka-python or aiokafka given to
one confluent-kafka client are one call written for the other library, and one finding.

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

from collections.abc import Iterator, Sequence

from oncelint.model import Client, Goal, Hit, Project, Related, Rule, speak
from oncelint.model.project import KeyUse
from oncelint_rules import config

# Their settings are keyword arguments: several of them are one call written for that library.
_OF_ARGUMENTS = ("kafka-python", "aiokafka")


def check(client: Client, project: Project) -> Iterator[Hit]:
    uses = list(config.uses(client, "other-client"))
    call = [use for use in uses if _is_argument(client, use)]
    if len(call) > 1:
        yield _of_call(client, call)
        uses = [use for use in uses if use not in call]
    for use in uses:
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
            goal=_goal(use),
            causes=config.causes(client, use.span, use.refused),
            subject_key=speak.subject_key(client, use.key),
        )


def _is_argument(client: Client, use: KeyUse) -> bool:
    """Whether a librdkafka client is given what is an argument of another library's class."""
    refused = client.dialect == "librdkafka" and use.refused is not None and use.certain
    return refused and use.detail in _OF_ARGUMENTS and "." not in use.key


def _of_call(client: Client, call: Sequence[KeyUse]) -> Hit:
    """One mistake, one finding: what the client raises depends on what it meets first."""
    first = call[0]
    keys = _listed([use.key for use in call])
    instead = [use.nearest for use in call if use.nearest]
    advice = f"write {_listed(instead)} in the configuration" if instead else "remove them"
    library = speak.versions(client, first.versions)
    return Hit(
        span=first.span,
        message=(
            f"{speak.who(client)} does not start: {keys} are arguments of {first.detail}, and"
            f" {library} has settings of none of these names; {advice}"
        ),
        severity="error",
        setting=first.key,
        related=(
            *(Related(use.span, f"{use.key} of {use.detail}") for use in call[1:]),
            *config.the_client(client, first.span),
        ),
        goal=Goal(
            f"write the settings as {library} has them",
            {},
            "unsafe" if len(instead) == len(call) else "display",
            _UNITS if len(instead) == len(call) else "not each of them has a like",
            renames=tuple((use.span, use.nearest or "") for use in call),
        ),
        causes=(*(use.span for use in call), client.span),
        subject_key=speak.subject_key(client, first.key),
    )


_UNITS = "a like setting of another library may take other values"


def _goal(use: KeyUse) -> Goal:
    if use.nearest is None:
        reason = "what it was meant for is not known"
        return Goal(f"remove {use.key}", {}, "unsafe", reason, removals=(use.span,))
    renames = ((use.span, use.nearest),)
    return Goal(f"rename {use.key} to {use.nearest}", {}, "unsafe", _UNITS, renames=renames)


def _listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, and no more than that of a long list."""
    *most, last = words if len(words) <= _LISTED else [*words[:_LISTED], "others"]
    return f"{', '.join(most)} and {last}" if most else last


_LISTED = 4


def _message(client: Client, use: KeyUse) -> str:
    library = speak.versions(client, use.versions)
    if not use.refused:
        return f"{use.key} has no effect: it is a setting of {use.detail}, and {library} has none of that name"
    start = speak.does_not_start(client, use.refused)
    if client.dialect == "librdkafka" and client.role == "consumer" and not _has_group(client):
        # confluent_kafka.Consumer asks for its group first, with another exception
        start = f"{speak.who(client)} does not start"
    # another class of the same library has it
    sibling = use.detail.endswith(("Producer", "Consumer"))
    here = client.construct if sibling else library
    return f"{start}: {use.key} is a setting of {use.detail}, and {here} has none of that name"


def _has_group(client: Client) -> bool:
    return client.block.open_reason is not None or any(
        setting.key == "group.id" for setting in client.block.settings
    )


RULE = Rule(
    id="key-of-another-client",
    group="config",
    subject=Client,
    severity="error",
    check=check,
    summary="a setting of another client library, which this one refuses or ignores",
    supersedes=config.FOLLOWS_FROM_RUNNING,
    fix="unsafe",
)
