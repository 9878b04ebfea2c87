"""A source connector that was to deliver exactly once, on a worker that cannot.

## What it does

Reports a source connector that asks for exactly-once delivery (`exactly.once.support=required`, a
`transaction.boundary` of its own) where its worker has `exactly.once.source.support` off or only
preparing, or is a standalone worker, or where its class has no such support; a standalone worker
that is told to support it; and, as a note, a distributed worker that leaves it off while it runs
sources that could deliver exactly once.

## The failure

A Debezium connector has read 800 changes of the orders table and produced them. Before the worker
commits the source offsets, it is killed by the node it runs on. Another worker starts the task at
the offsets that were committed last, and produces the 800 changes again: topic, dashboards and
warehouse hold each of them twice. With `exactly.once.source.support=enabled` the records and the
offsets are one transaction, and readers at read_committed see each change once. A connector that
insists on it is not accepted by a distributed worker without the support; a standalone worker takes
it, and delivers at least once.

## What the fix costs

`exactly.once.source.support=enabled` on every worker of the group; a running group is first
restarted with `preparing`. Where the worker runs sinks too, the fix has them read committed records
(`consumer.isolation.level`), for aborted ones come with transactions. The workers' principal needs the rights of a transactional producer
(`IdempotentWrite`, transactional ids of the group), brokers 2.5 or newer. Each batch becomes a
transaction, so latency grows by up to `offset.flush.interval.ms` for readers at read_committed where
`transaction.boundary=interval`, hardly with the default `poll`. The fix is unsafe: all of that is
decided outside this file.

## When it is silent

When the connector's worker is not part of the project or may be one of several that differ; when
the setting is filled in at start; for worker versions before 3.3, which have no such setting, unless
a connector requires it; for sources whose class is not known to support it, for managed connectors,
and for sinks. Without a contradiction it is a note for the worker, not for each connector.

## References

KIP-618 (exactly-once support for source connectors); Kafka documentation, "Exactly-once source
support" and source connector configuration (`exactly.once.support`, `transaction.boundary`);
`DistributedHerder.validateSourceConnectorExactlyOnceSupport`; Debezium "Exactly once delivery".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from oncelint.model import (
    Client,
    Confidence,
    Connector,
    ConnectWorker,
    Goal,
    Hit,
    Project,
    Related,
    Rule,
    Setting,
    Verdict,
    World,
    across,
    as_text,
    speak,
    weakest,
)
from oncelint.model.values import Scalar
from oncelint_rules.common.connectors import name_of, value
from oncelint_rules.common.workers import (
    SUPPORT,
    connectors_of,
    is_source,
    named,
    off,
    runs_without,
    spelled,
    supports,
    sure,
)

_REQUIRED = "exactly.once.support"
_BOUNDARY = "transaction.boundary"
_LEVEL = "consumer.isolation.level"
_NEEDS = (
    "every worker of the group has to be restarted with preparing first, and needs the rights of a"
    " transactional producer"
)


def check(client: Client, project: Project) -> Iterator[Hit]:
    if isinstance(client, Connector):
        hit = _connector(client, project)
    elif isinstance(client, ConnectWorker):
        hit = _standalone(client) or _left_off(client, project)
    else:
        hit = None
    if hit is not None:
        yield hit


# What a connector asks for ----------------------------------------------------------------------


def _asks(connector: Connector) -> tuple[Verdict, Setting] | None:
    """The setting by which a source asks for exactly-once delivery, and where it does."""
    if is_source(connector) is False or "managed" in connector.facts:
        return None
    for name, meant in ((_REQUIRED, ("required",)), (_BOUNDARY, ("interval", "connector"))):
        verdict = across(
            [world for world in connector.worlds if world.is_set(name)],
            lambda world, name=name, meant=meant: _is(world, name, meant),  # type: ignore[misc]
        )
        if verdict:
            return verdict, verdict.world.settings[name]
    return None


def _is(world: World, name: str, meant: tuple[str, ...]) -> bool | None:
    found = value(world, name)
    return None if found is None else found in meant


def _connector(connector: Connector, project: Project) -> Hit | None:
    asked = _asks(connector)
    if asked is None:
        return None
    verdict, setting = asked
    worker = runs_without(connector)
    if worker is not None:
        return _on_worker(connector, worker, verdict, setting, project)
    required = setting.name == _REQUIRED
    alone = any(one.distributed is False for one in connector.workers)
    if required and not alone and supports(connector, verdict.world) is False:
        return _without_support(connector, verdict, setting)
    return None


def _on_worker(
    connector: Connector,
    worker: ConnectWorker,
    verdict: Verdict,
    setting: Setting,
    project: Project,
) -> Hit:
    standing = worker.worlds[-1].setting(SUPPORT)
    asks = f"{setting.spelled} is {as_text(setting.value)}"
    goal: Goal | None
    if worker.distributed is False:
        consequence = _AGAIN
        why = "a standalone worker has no exactly-once support and does not read it"
        goal = Goal(
            "run the connector on a distributed worker with exactly.once.source.support=enabled",
            reason="how Connect is run is yours to plan",
        )
        advice = goal.title
    else:
        refused = setting.name == _REQUIRED
        consequence = "Connect refuses this connector" if refused else _AGAIN
        state = _state(worker)
        why = f"{_spelled(worker)} is {state} on its worker"
        advice = f"set {_spelled(worker)} to enabled on every worker of the group"
        wanted = _support(worker, connectors_of(worker, project))
        goal = Goal(_titled(worker, wanted), wanted, "unsafe", _NEEDS, client=worker)
    span = speak.place(setting, connector)
    related = [*speak.elsewhere(connector, span, setting)]
    place = speak.place(standing, worker)
    related.append(Related(place, "the worker's support" if place != worker.span else "the worker"))
    return Hit(
        span=span,
        message=f"{consequence}: {asks}, and {why}; {advice}",
        confidence=sure(worker, connector, verdict.confidence),
        setting=setting.spelled,
        related=tuple(related),
        provenance=setting.origins,
        goal=goal,
        causes=(span, connector.span),
        subject_key=speak.subject_key(connector, setting.name),
    )


_AGAIN = "records are produced again after a crash of the worker"


def _state(worker: ConnectWorker) -> str:
    """What a worker's support is, in words."""
    told = [setting for world in worker.worlds if (setting := world.setting(SUPPORT)) is not None]
    if not told:
        return "not there in its version"
    return as_text(told[-1].value) if told[-1].set_by == "user" else "disabled by default"


def _spelled(worker: ConnectWorker) -> str:
    for world in reversed(worker.worlds):
        setting = world.setting(SUPPORT)
        if setting is not None:
            return setting.spelled
    return SUPPORT


def _without_support(connector: Connector, verdict: Verdict, setting: Setting) -> Hit:
    span = speak.place(setting, connector)
    name = connector.facts.get("name", "its class")
    advice = f"leave {setting.spelled} at requested, or use a connector that has it"
    return Hit(
        span=span,
        message=(
            f"Connect refuses this connector: {setting.spelled} is {as_text(setting.value)}, and"
            f" {name} has no exactly-once support as it is configured; {advice}"
        ),
        confidence=weakest(verdict.confidence, "medium"),
        setting=setting.spelled,
        related=speak.elsewhere(connector, span, setting),
        provenance=setting.origins,
        goal=Goal(
            f"set {setting.spelled} to requested",
            {_REQUIRED: "requested"},
            "unsafe",
            "the connector then delivers at least once",
        ),
        subject_key=speak.subject_key(connector, setting.name),
    )


# What a worker leaves undone --------------------------------------------------------------------


def _standalone(worker: ConnectWorker) -> Hit | None:
    if worker.distributed is not False:
        return None
    verdict = across(
        [world for world in worker.worlds if world.is_set(SUPPORT)],
        lambda world: _is(world, SUPPORT, ("enabled", "preparing")),
    )
    if not verdict:
        return None
    setting = verdict.world.settings[SUPPORT]
    span = speak.place(setting, worker)
    return Hit(
        span=span,
        message=(
            f"{_AGAIN}: {setting.spelled} is {as_text(setting.value)}, and a standalone worker does"
            " not read it; run a distributed worker for it"
        ),
        confidence=verdict.confidence,
        setting=setting.spelled,
        related=speak.elsewhere(worker, span, setting),
        provenance=setting.origins,
        goal=Goal("run a distributed worker for it", reason="how Connect is run is yours to plan"),
        subject_key=speak.subject_key(worker, SUPPORT),
    )


def _left_off(worker: ConnectWorker, project: Project) -> Hit | None:
    if worker.distributed is False or "managed" in worker.details:
        return None
    able = [world for world in worker.worlds if world.setting(SUPPORT) is not None]
    verdict = across(able, lambda world: off(worker, world))
    if not verdict or verdict.fails or verdict.unknown:
        return None
    mine = connectors_of(worker, project)
    sources = [one for one in mine if _could(one)]
    if not sources or any(_connector(one, project) is not None for one in mine):
        return None
    setting = verdict.world.settings[SUPPORT]
    span = speak.place(setting, worker)
    confidence: Confidence = "medium" if any(_alone(worker, one) for one in sources) else "low"
    if len(able) == len(worker.worlds) and any(named(worker, one) for one in sources):
        confidence = "high"
    advice = f"set {setting.spelled} to enabled on every worker of the group"
    wanted = _support(worker, mine)
    related = [*speak.elsewhere(worker, span, setting)]
    related.extend(Related(one.span, "a source that could be exactly-once") for one in sources[:3])
    sources.sort(key=lambda one: not _alone(worker, one))
    runs = sources[0].facts["name"]
    others = len({_called(one) for one in sources}) - 1
    runs += f" and {others} more" if others else ""
    return Hit(
        span=span,
        message=f"{_AGAIN}: {setting.spelled} is {_state(worker)}, and it runs {runs}; {advice}",
        confidence=confidence,
        severity="note",
        setting=setting.spelled,
        related=tuple(related),
        provenance=setting.origins,
        goal=Goal(_titled(worker, wanted), wanted, "unsafe", _NEEDS),
        causes=(span, worker.span),
        subject_key=speak.subject_key(worker, SUPPORT),
    )


def _called(connector: Connector) -> str:
    """What tells connectors apart: two files of one name are one connector, described twice."""
    return name_of(connector, connector.worlds[-1]) or str(connector.span)


def _support(worker: ConnectWorker, mine: Sequence[Connector]) -> dict[str, Scalar]:
    """The support, and committed reads for the worker's sinks: with the sources' transactions there
    come aborted ones."""
    wanted: dict[str, Scalar] = {SUPPORT: "enabled"}
    given = any(world.is_set(_LEVEL) for world in worker.worlds)
    if not given and any(is_source(one) is False for one in mine):
        wanted[_LEVEL] = "read_committed"
    return wanted


def _titled(worker: ConnectWorker, wanted: Mapping[str, Scalar]) -> str:
    title = f"set {_spelled(worker)} to enabled on every worker of the group"
    if _LEVEL in wanted:
        title += f", and {spelled(worker, _LEVEL)} to read_committed for its sinks"
    return title


def _alone(worker: ConnectWorker, source: Connector) -> bool:
    """Whether a source's other workers are of the same group, so that this one does run it."""
    return all(
        one.span.path == worker.span.path
        and one.details.get("group") == worker.details.get("group")
        for one in source.workers
    )


def _could(connector: Connector) -> bool:
    """Whether a source supports it in every world."""
    verdict = across(connector.worlds, lambda world: supports(connector, world))
    return bool(verdict) and not verdict.fails and not verdict.unknown


RULE = Rule(
    id="connect-source-not-exactly-once",
    group="connect",
    subject=Client,
    severity="error",
    check=check,
    summary="a source connector asked for exactly-once delivery that its worker does not give",
    # what the brokers lack for transactions is said once there are some
    supersedes=("transaction-log-unsatisfiable",),
    fix="unsafe",
)
