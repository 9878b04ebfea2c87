"""A stream application that processes records again after a failure.

## What it does

Reports an application of Kafka Streams, ksqlDB, Faust or Quix Streams whose processing guarantee is
at-least-once: because the setting says so, or because nobody set it. Faust and Quix Streams are also
used by applications that only read; theirs is reported when they are seen to write to Kafka or to
keep state, and with low confidence when they may.

## The failure

A payments application sums the amounts of an account. It has read the records up to offset 900,
written 900 updates to its store's changelog and 300 results to the output topic, and committed offset
850. The pod is moved to another node. The successor restores the store from the changelog, where the
amounts of the records 851 to 900 are in the sums already, begins to read at 851, and adds them once
more. The account shows 50 payments twice, and the output topic has their results twice; no error was
logged anywhere.

## What the fix costs

`processing.guarantee=exactly_once_v2` (Faust: `exactly_once`, Quix Streams: `exactly-once`). The
application commits every 100 ms rather than every 30 s unless told otherwise, and its results are
seen by read_committed consumers when they are committed. The brokers need to be 2.5 or newer, with
three of them for the transaction log's default replication. The fix is unsafe: it makes transactions
on a cluster whose brokers, permissions and readers are not seen.

Calls of other systems inside the application are repeated under either guarantee.

## When it is silent

With an exactly-once guarantee, in every spelling, the deprecated ones too (streams-eos-deprecated);
when the guarantee is filled in from elsewhere; when a part of the configuration was not seen and the
guarantee may be set there. A ksqlDB script without its server says nothing of the guarantee, and neither
does a ksqlDB server without `ksql.service.id` or a file of queries, as of a stack that is tried out.

An application of Faust or Quix Streams that writes nothing to Kafka and keeps no state (no `to_topic`,
`stateful=True`, window, join or `group_by`; no table, `send`, `forward` or sink of an agent) is not
reported: what it does in databases and other systems is repeated under either guarantee.

## References

KIP-129 (Streams exactly-once semantics), KIP-447 (exactly_once_beta, later exactly_once_v2), KIP-732;
Kafka Streams configuration, `processing.guarantee`; ksqlDB "Processing guarantees"; Faust
"Settings", `processing_guarantee`; Quix Streams "Processing guarantees".
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Goal,
    Hit,
    Known,
    Project,
    Rule,
    StreamsApplication,
    World,
    across,
    speak,
)
from oncelint.model.versions import at_least
from oncelint_rules.common import streams


def _repeats(world: World) -> bool | None:
    setting = world.setting(streams.GUARANTEE)
    if setting is None:
        return None if world.open_reason is not None else False
    if not isinstance(setting.value, Known):
        return None
    return str(setting.value.value).strip().lower().replace("-", "_") == "at_least_once"


def check(application: StreamsApplication, project: Project) -> Iterator[Hit]:
    verdict = across(application.worlds, _repeats)
    if not verdict:
        return
    writes = application.details.get("writes")
    if writes == "no":
        return
    world = verdict.world
    setting = world.settings[streams.GUARANTEE]
    if setting.set_by != "user" and streams.without_queries(application):
        return
    span = speak.place(setting, application)
    wanted = streams.exactly_once(application, verdict.worlds)
    told = speak.told(setting, world)
    if streams.library(application) == "ksqlDB":
        where = verdict.where(versions=False)  # of its Kafka, not its own
    else:
        where = verdict.where()
    yield Hit(
        span=span,
        message=(
            "after a crash the records since the last commit are processed again, and their results"
            f" and state updates are written twice: {streams.by_name(application, told + where)};"
            f" set {setting.spelled} to {wanted}"
        ),
        confidence="low" if writes == "maybe" else verdict.confidence,
        setting=setting.spelled,
        related=speak.elsewhere(application, span, setting),
        provenance=setting.origins,
        goal=_goal(application, project, setting.spelled, wanted),
        causes=(application.span, span),
        subject_key=speak.subject_key(application, streams.GUARANTEE),
    )


def _goal(application: StreamsApplication, project: Project, spelled: str, wanted: str) -> Goal:
    title = f"set {spelled} to {wanted}"
    first = streams.without_log(project)
    if first is not None:
        return Goal(title, reason=first)
    if streams.commits_late(application):
        reason = "the commit interval is above the 10 s that Kafka Streams gives a transaction"
        return Goal(title, reason=reason)
    against = streams.against_exactly_once(application)
    if against:
        return Goal(title, reason=f"{' and '.join(against)} would have to go first")
    reason = streams.COSTS
    oldest = {world.versions[0] for world in application.worlds if world.dialect == "java"}
    if wanted == streams.V2 and not all(at_least(one, "3.0") for one in oldest):
        ours = streams.library(application) == "ksqlDB"
        since = "the ksqlDB of Confluent Platform 7.0" if ours else "Kafka Streams 3.0"
        reason += f"; before {since} there is no exactly_once_v2"
    return Goal(title, {streams.GUARANTEE: wanted}, "unsafe", reason)


RULE = Rule(
    id="streams-at-least-once",
    group="streaming",
    subject=StreamsApplication,
    severity="warning",
    check=check,
    summary="a stream application that processes records again after a failure",
    fix="unsafe",
)
