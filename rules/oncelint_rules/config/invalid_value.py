"""A value outside the client's type, range or names.

## What it does

Reports a value that this client refuses, or takes for something else than it says: text where a
number belongs, a number outside the setting's range, a name the setting does not have. Also
settings that exclude each other's values: with `group.protocol=consumer` the broker decides about
the session timeout, and a consumer that sets its own does not start.

## The failure

A consumer's `isolation.level` says `read-committed`. aiokafka accepts it at construction and raises
when it starts, after the deployment has been declared a success; librdkafka raises at
construction. Silent cases are worse: `enable_auto_commit="false"` is a text that is not empty, and
therefore true. kafka-python commits the offsets of records whose processing has failed, and the
setting in the review says that it does not. `"1024*512"` is 1024 to librdkafka, which reads the
digits in front.

## What the fix costs

Nothing but the value.

## When it is silent

When the value is not known (an environment variable, a placeholder, a template); when a version or
client that is possible admits it: text for booleans is fine in librdkafka (`"false"`), in
Java files and in Connect's JSON, and so are numbers and booleans without quotation marks. A file
that asks for auto commit and names no group: the program or its listener names one. Classes,
lists of addresses and passwords are not checked; the values of secrets are never shown.

## References

librdkafka CONFIGURATION.md and `rd_kafka_anyconf_set_prop`; Java `ConfigDef.parseType` and its
validators; aiokafka `AIOKafkaProducer.__init__` and `Fetcher`; kafka-python `IsolationLevel`,
`SubscriptionState`; KIP-848.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Client,
    Contradiction,
    Goal,
    Hit,
    Known,
    Project,
    Related,
    Rule,
    World,
    across,
    as_text,
    speak,
)
from oncelint.model.project import ValueProblem
from oncelint_rules import config

# Settings of a consumer's group that this client does not accept together.
_FAMILY = "group"


def check(client: Client, project: Project) -> Iterator[Hit]:
    seen = set()
    for problem in client.value_problems:
        seen.add(problem.key)
        yield _of_value(client, problem)
    for pair in _excluded(client):
        hit = _of_pair(client, pair)
        if hit is not None and hit.setting not in seen:
            yield hit


def _of_value(client: Client, problem: ValueProblem) -> Hit:
    key, text = problem.key, speak.quoted(problem.text)
    span = problem.span
    related = config.the_client(client, problem.key_span or span)
    if problem.key_span is not None and span.path != problem.key_span.path:
        related = (Related(span, f"the value of {key}"), *related)
        span = problem.key_span
    start = problem.effect
    if problem.refused:
        start = speak.does_not_start(client, problem.refused)
    message = f"{start}: {key} is {text}; write {problem.expected}"
    return Hit(
        span=span,
        message=message,
        confidence="high" if problem.certain else "low",
        severity="error" if problem.refused else "warning",
        setting=key,
        related=related,
        goal=Goal(f"set {key} to {problem.expected}", reason="which value is meant is not known"),
        causes=config.causes(client, span, problem.refused),
        subject_key=speak.subject_key(client, key),
    )


def _excluded(client: Client) -> list[Contradiction]:
    found = (
        one
        for world in client.worlds
        for one in world.contradictions
        if one.family == _FAMILY and one.outcome == "refuses" and not _left_open(client, world, one)
    )
    return list({one.settings: one for one in found}.values())


def _left_open(client: Client, world: World, pair: Contradiction) -> bool:
    """Whether it rests on a file naming no group: the program or a listener often does that."""
    of_a_file = client.construct == client.span.path.rpartition("/")[2]
    if not of_a_file or _GROUP not in pair.settings:
        return False
    group = world.setting(_GROUP)
    return group is not None and group.value == Known(None)


_GROUP = "group.id"


def _of_pair(client: Client, pair: Contradiction) -> Hit | None:
    def holds(world: World) -> bool:
        return any(
            one.outcome == "refuses" and one.settings == pair.settings
            for one in world.contradictions
        )

    verdict = across(client.worlds, holds)
    world = verdict.world
    wrong = world.settings[pair.settings[0]]
    span = speak.place(wrong, client)
    other = world.setting(pair.settings[1]) if len(pair.settings) > 1 else None
    told = f"{wrong.spelled} is {_shown(wrong.value)}"
    if other is not None:
        told += f" while {other.spelled} is {_shown(other.value)}"
    start = speak.does_not_start(client, pair.error)
    return Hit(
        span=span,
        message=f"{start}{verdict.where()}: {told}; {_way_out(pair)}",
        confidence=verdict.confidence,
        severity="error",
        setting=wrong.spelled,
        related=speak.elsewhere(client, span, wrong, other),
        provenance=wrong.origins,
        goal=Goal(f"remove {wrong.spelled}", {wrong.name: None}, "unsafe", _OTHER_WAYS),
        causes=(span, client.span),
        subject_key=speak.subject_key(client, wrong.spelled),
    )


_OTHER_WAYS = "another value for one of the two would do as well"


def _shown(value: object) -> str:
    if isinstance(value, Known):
        return speak.quoted(as_text(value))
    return "set"


def _way_out(pair: Contradiction) -> str:
    if "group.protocol" in pair.settings:
        return "remove it, the broker decides about it in this protocol"
    if pair.settings[0] == "heartbeat.interval.ms":
        return "lower it to a third of the session timeout"
    if pair.settings[0] == "max.poll.interval.ms":
        return "raise it to the session timeout or above"
    if pair.settings[0] == "session.timeout.ms":
        return "lower it to the poll interval or below"
    return "set one of them otherwise" if len(pair.settings) > 1 else "give it a value"


RULE = Rule(
    id="invalid-value",
    group="config",
    subject=Client,
    severity="error",
    check=check,
    summary="a value the client refuses or takes for another one",
    supersedes=config.FOLLOWS_FROM_RUNNING,
    fix="unsafe",
)
