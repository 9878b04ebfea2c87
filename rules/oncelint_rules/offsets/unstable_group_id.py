"""A group id that is another one after every start.

## What it does

Reports a consumer whose `group.id` is made of a random value, the time or a process id, and whose
records have an effect: a write, a call, a record produced. With low confidence it reports a host
name, which is another one in every new pod of a Deployment.

## The failure

A worker joins as `invoices-<uuid>`, so that "every test run starts fresh", and goes live that way.
It books invoices 1 to 900, commits offset 900, and is redeployed at noon. Its successor is another
group: the broker knows no offset of it and falls back to `auto.offset.reset`. With `earliest` it
books invoices 1 to 900 again. With `latest`, the default, it skips the 40 invoices that arrived
during the deployment, and nobody ever reads them. Two instances are two groups as well: each of them
books every invoice.

## What the fix costs

One constant name for the application. If every start is meant to read the topic from its
beginning, as a cache in memory does, say so without a group: `assign()` and a seek keep no offsets.

## When it is silent

When the id is a constant, or comes from the configuration or the environment; when nothing is done
for the records but printing them, keeping them in memory or writing them into files; when the program
itself chooses where the consumer reads (seek, assign); when the loop reads from the earliest offset and
ends where nothing is left, as one does that builds something anew. A random default beneath an
environment variable is judged with low confidence.

## References

Kafka documentation, consumer configurations `group.id` and `auto.offset.reset`; librdkafka
CONFIGURATION.md.

Shown on Apache Kafka 4.1 with confluent-kafka 2.16: the successor begins at the earliest record
again.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Computed,
    Confidence,
    Effect,
    Hit,
    Known,
    Pipeline,
    Project,
    Related,
    Rule,
    StreamsApplication,
    World,
    across,
    speak,
)
from oncelint_rules.common import computed

SETTING = "group.id"
_FIRST = frozenset(("earliest", "smallest", "beginning"))


def _is_file(effect: Effect) -> bool:
    """Whether something goes into a file of this machine, as in a tool that dumps a topic."""
    return effect.sink is not None and effect.sink.library == "open()"


def _reads_all(pipeline: Pipeline, world: World) -> bool | None:
    """Whether a run reads the topic from its beginning to its end, and is over then."""
    limit = world.value("consumer.timeout.ms")
    limited = isinstance(limit, Known) and limit.value not in (None, "inf", float("inf"))
    return (pipeline.ends or limited) and world.known("auto.offset.reset") in _FIRST


def _of_an_application(pipeline: Pipeline, project: Project) -> bool:
    """Whether the group is named after a Streams application: streams-unstable-application-id's."""
    groups = {world.value(SETTING) for world in pipeline.consumer.worlds}
    return any(
        isinstance(one, StreamsApplication)
        and one.unit == pipeline.consumer.unit
        and groups & {world.value("application.id") for world in one.worlds}
        for one in project.clients
    )


def check(pipeline: Pipeline, project: Project) -> Iterator[Hit]:
    if pipeline.positioned or all(_is_file(effect) for effect in pipeline.effects):
        return
    if across(pipeline.consumer.worlds, lambda world: _reads_all(pipeline, world)):
        return
    if _of_an_application(pipeline, project):
        return
    verdict = computed.changes(pipeline.consumer.worlds, SETTING)
    if verdict:
        yield _hit(pipeline, verdict.world, verdict.confidence, verdict.where())
        return
    on_host = computed.follows_host(pipeline.consumer.worlds, SETTING)
    if on_host:
        yield _hit(pipeline, on_host.world, "low", on_host.where())


def _starts(kinds: frozenset[str], template: str) -> tuple[str, str]:
    """With what another group begins, and what to do about it."""
    if not kinds & computed.CHANGING:
        return "new pod of a Deployment", "keep it only where host names outlive restarts"
    daily = "today()" in template and kinds & computed.CHANGING == {"time"}
    return "first start of a day" if daily else "start", "use one constant name"


def _hit(pipeline: Pipeline, world: World, confidence: Confidence, where: str) -> Hit:
    consumer = pipeline.consumer
    setting = world.settings[SETTING]
    kinds = computed.kinds(world, SETTING)
    template = setting.value.template if isinstance(setting.value, Computed) else ""
    reset = world.known("auto.offset.reset")
    effect = pipeline.effects[0]
    start, advice = _starts(kinds, template)
    if reset in _FIRST:
        again = f"every {start} does {effect.what} again for all records of the topic"
    elif reset in ("latest", "largest", "end"):
        again = f"every {start} skips the records that came before it, {effect.what} included"
    else:
        again = f"every {start} repeats all records or skips those that came before it"
    span = speak.place(setting, consumer)
    related = list(speak.elsewhere(consumer, span, setting))
    related.append(Related(effect.span, "done for the records"))
    return Hit(
        span=span,
        message=(
            f"{again}: {setting.spelled} is {computed.told(setting, kinds)}{where}, so that"
            f" it is a group without offsets; {advice}"
        ),
        confidence=confidence,
        setting=setting.spelled,
        related=tuple(related),
        provenance=setting.origins,
        causes=(span,),
        subject_key=speak.subject_key(consumer, setting.spelled),
    )


RULE = Rule(
    id="unstable-group-id",
    group="offsets",
    subject=Pipeline,
    severity="warning",
    check=check,
    summary="a group id that changes with every start",
)
