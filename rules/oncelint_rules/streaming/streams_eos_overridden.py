"""Settings of the inner clients that go against the exactly-once guarantee of the application.

## What it does

Reports a Kafka Streams or ksqlDB application with an exactly-once guarantee that sets, for the clients
inside it, what the guarantee does not leave open. Some of it keeps the application from starting: acks
other than all, no retries, more than five requests in flight, a commit interval above the
transaction timeout (which Streams lowers to 10 s). Some of it Streams ignores with a line in the log:
enable.idempotence=false, isolation.level=read_uncommitted, a transactional.id. And one thing it lets
through: read_uncommitted behind `main.consumer.`, `restore.consumer.` or `global.consumer.`, with which
the application processes, or restores from its changelogs, what a transaction has aborted.

## The failure

A telemetry team turns `processing.guarantee=exactly_once_v2` on. The file has had `producer.acks=1`
for years, for speed. The application does not come up again: its producers are idempotent now, and
these refuse acks=1. Somebody else raises `commit.interval.ms` to 30 s to have fewer commits; as a
transaction is given 10 s, Streams refuses that as well. With `consumer.isolation.level=read_uncommitted`
it does start, and reads committed records only: whoever counts on early results waits for them.

## What the fix costs

Nothing: the setting goes, and Streams' own holds, which the guarantee is made of. Only for the commit
interval there is something to decide: a shorter one, or a longer `producer.transaction.timeout.ms`,
which makes readers wait that much longer behind an instance that died.

## When it is silent

Without an exactly-once guarantee, or when it is not known; with values that agree with it; when the
value is filled in from elsewhere. The commit interval is compared from Kafka Streams 3.0 on, which
began to refuse it.

## References

Kafka `StreamsConfig`: PRODUCER_EOS_OVERRIDES, CONSUMER_EOS_OVERRIDES,
checkIfUnexpectedUserSpecifiedConsumerConfig, verifyMaxInFlightRequestPerConnection,
verifyEOSTransactionTimeoutCompatibility; `ProducerConfig`; KIP-98, KIP-129.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Goal,
    Hit,
    Project,
    Rule,
    Setting,
    StreamsApplication,
    World,
    across,
    as_text,
    speak,
)
from oncelint.model.values import Known
from oncelint.model.versions import at_least
from oncelint_rules.common import streams
from oncelint_rules.common.streams import COMMIT, TIMEOUT


def check(application: StreamsApplication, project: Project) -> Iterator[Hit]:
    if any(world.dialect != "java" for world in application.worlds):
        return
    for name, (prefixes, against, error) in streams.REFUSED.items():
        yield from _refused(application, name, prefixes, against, error)
    for name, (prefixes, against, instead) in streams.IGNORED.items():
        yield from _ignored(application, name, prefixes, against, instead)
    for prefix in streams.CONSUMERS:
        yield from _reads_uncommitted(application, prefix)
    yield from _interval(application)


def _reads_uncommitted(application: StreamsApplication, prefix: str) -> Iterator[Hit]:
    """The isolation of one of the consumers, which Streams does not look at."""
    against = streams.IGNORED["isolation.level"][1]
    verdict = across(
        application.worlds, lambda w: _contradicts(w, "isolation.level", (prefix,), against)
    )
    if not verdict:
        return
    setting = streams.written(verdict.world, "isolation.level", (prefix,))
    assert setting is not None
    guarantee = verdict.world.settings[streams.GUARANTEE]
    message = (
        f"records of aborted transactions are processed in spite of {guarantee.spelled} of"
        f" {as_text(guarantee.value)}: {setting.spelled} is"
        f" {as_text(setting.value)}{verdict.where()}, which Kafka Streams lets through behind this"
        f" prefix; take {setting.spelled} out, or set it to read_committed"
    )
    yield _hit(application, setting, guarantee, message, verdict.confidence == "high", refused=True)


def _contradicts(
    world: World, name: str, prefixes: tuple[str, ...], against: streams.Against
) -> bool | None:
    found = streams.written(world, name, prefixes)
    exactly = streams.is_exactly_once(world)
    if found is None or exactly is False:
        return False
    if (
        exactly is None
        or not isinstance(found.value, Known)
        or isinstance(found.value.value, tuple)
    ):
        return None
    return against(found.value.value)


def _refused(
    application: StreamsApplication,
    name: str,
    prefixes: tuple[str, ...],
    against: streams.Against,
    error: str,
) -> Iterator[Hit]:
    verdict = across(application.worlds, lambda w: _contradicts(w, name, prefixes, against))
    if not verdict:
        return
    setting = streams.written(verdict.world, name, prefixes)
    assert setting is not None
    guarantee = verdict.world.settings[streams.GUARANTEE]
    message = (
        f"{speak.does_not_start(application, 'ConfigException: ' + error)}: {setting.spelled} is"
        f" {as_text(setting.value)}{verdict.where()} beside {guarantee.spelled} of"
        f" {as_text(guarantee.value)}; take {setting.spelled} out, or set it to {_agreeing(name)}"
    )
    yield _hit(application, setting, guarantee, message, verdict.confidence == "high", refused=True)


def _ignored(
    application: StreamsApplication,
    name: str,
    prefixes: tuple[str, ...],
    against: streams.Against,
    instead: str,
) -> Iterator[Hit]:
    verdict = across(application.worlds, lambda w: _contradicts(w, name, prefixes, against))
    if not verdict:
        return
    setting = streams.written(verdict.world, name, prefixes)
    assert setting is not None
    guarantee = verdict.world.settings[streams.GUARANTEE]
    message = (
        f"{setting.spelled} of {as_text(setting.value)} has no effect{verdict.where()}: with"
        f" {guarantee.spelled} of {as_text(guarantee.value)} Kafka Streams logs a warning and uses"
        f" {instead}; take {setting.spelled} out"
    )
    yield _hit(
        application, setting, guarantee, message, verdict.confidence == "high", refused=False
    )


def _hit(
    application: StreamsApplication,
    setting: Setting,
    guarantee: Setting,
    message: str,
    certain: bool,
    *,
    refused: bool,
) -> Hit:
    span = speak.place(setting, application)
    return Hit(
        span=span,
        message=message,
        confidence="high" if certain else "low",
        severity="error" if refused else "warning",
        setting=setting.spelled,
        related=speak.elsewhere(application, span, setting, guarantee),
        provenance=setting.origins,
        goal=_goal(setting),
        causes=(application.span, span) if refused else (span,),
        subject_key=speak.subject_key(application, setting.name),
    )


def _agreeing(name: str) -> str:
    return as_text(Known(streams.AGREEING[name]))


def _goal(setting: Setting) -> Goal:
    client_name = next((name for name in streams.AGREEING if setting.name.endswith(name)), None)
    if client_name is None:
        removals = (setting.key_span,) if setting.key_span is not None else ()
        return Goal(f"take {setting.spelled} out", removals=removals, safety="safe")
    value = streams.AGREEING[client_name]
    told = as_text(Known(value))
    return Goal(f"set {setting.spelled} to {told}", {setting.name: value}, "safe")


def _outlasts(world: World) -> bool | None:
    """Whether a transaction is over before it is committed, which Streams refuses from 3.0 on."""
    exactly = streams.is_exactly_once(world)
    interval = world.setting(COMMIT)
    if exactly is False or interval is None or interval.set_by != "user":
        return False
    commit, timeout = speak.number(world, COMMIT), _timeout(world)
    if exactly is None or commit is None or timeout is None:
        return None
    return commit > timeout and at_least(world.versions[-1], "3.0")


def _timeout(world: World) -> float | None:
    """Only what stands behind the prefix is compared (verifyEOSTransactionTimeoutCompatibility)."""
    name = "producer." + TIMEOUT
    found = world.setting(name)
    if found is None:
        return None if world.open_reason is not None else float(streams.TEN_SECONDS)
    return streams.number(found.value.value) if _plain(found) else None  # type: ignore[union-attr,arg-type]


def _plain(setting: Setting) -> bool:
    return isinstance(setting.value, Known) and not isinstance(setting.value.value, tuple)


def _interval(application: StreamsApplication) -> Iterator[Hit]:
    verdict = across(application.worlds, _outlasts)
    if not verdict:
        return
    world = verdict.world
    interval = world.settings[COMMIT]
    timeout = world.setting("producer." + TIMEOUT)
    told = (
        f"{timeout.spelled} of {as_text(timeout.value)}"
        if timeout is not None
        else "the 10 s that Kafka Streams gives a transaction"
    )
    span = speak.place(interval, application)
    yield Hit(
        span=span,
        message=(
            f"{speak.does_not_start(application, 'IllegalArgumentException')}: {interval.spelled} is"
            f" {as_text(interval.value)}{verdict.where()}, above {told}; lower it, or raise"
            " producer.transaction.timeout.ms"
        ),
        confidence=verdict.confidence,
        setting=interval.spelled,
        related=speak.elsewhere(application, span, interval, timeout),
        provenance=interval.origins,
        causes=(application.span, span),
        subject_key=speak.subject_key(application, COMMIT),
    )


RULE = Rule(
    id="streams-eos-overridden",
    group="streaming",
    subject=StreamsApplication,
    severity="error",
    check=check,
    summary="settings of the inner clients against an exactly-once guarantee",
    supersedes=(
        "idempotence-conflict",
        "idempotence-silently-disabled",
        "acks-not-all",
        "producer-not-idempotent",
        "delivery-timeout-invalid",
    ),
    fix="safe",
)
