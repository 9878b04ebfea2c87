"""A Spark query that does not keep how far it got.

## What it does

Reports a streaming query of Spark Structured Streaming that has Kafka as its source or sink, and no
checkpoint location: neither a `checkpointLocation` of its own nor a
`spark.sql.streaming.checkpointLocation` of the session. With the session's it reports a query without
a `queryName`, whose directory has a random name; and two queries of one program that have the same
location.

## The failure

A job reads payments from Kafka and hands each batch to a function with `foreachBatch`. Spark reads
Kafka without a consumer group: how far the query got stands in its checkpoint and nowhere else. There
is none, so Spark makes one in a temporary directory of the driver. The job books 40 000 payments, the
pod is replaced, and the new driver finds an empty directory. The query begins where
`startingOffsets` says: at `earliest` it books all 40 000 again, at `latest`, which is the default, it
skips every payment that was written while nothing ran. Aggregates and the batch's number begin anew as
well, so that a number that was stored to keep repetitions out keeps out new batches.

With the session's location alone the query's directory is `<location>/<queryName>`, or, for one that
has no name, a random one at every start: the files are on good storage, and nobody finds them again.
Two queries with one location are the same query to Spark: since 3.0 starting the second stops the
first, before it was refused, and from another driver one of them fails at its next batch.

A query into Kafka, files, Delta or a table does not start without one: Spark throws an
AnalysisException.

## What the fix costs

A directory on storage that outlives the driver (HDFS, S3, ADLS, a volume), one for each query, and a
few small files for each batch. With one from the beginning of a query's life there is nothing to
migrate; given to a query that runs already, its first start is one more start at `startingOffsets`.

## When it is silent

For the console, memory and noop sinks, which are for development; for a format that is not known;
when options may be set in a part that is not seen; for a named query when the project sets
`spark.sql.streaming.checkpointLocation` anywhere: in a session, in spark-defaults.conf or with
`--conf`. Queries of which a branch starts one or the other, those of notebooks, and one that is started
when another was waited for or stopped, may share. A query whose records certainly come from elsewhere
than Kafka, and go elsewhere, is not looked at. The confidence is medium where it is not seen that the
records come from Kafka, and low where a session is configured from something that is not seen.

## References

Spark, Structured Streaming Programming Guide, "Recovering from Failures with Checkpointing";
DataStreamWriter (`SOURCES_ALLOW_ONE_TIME_QUERY`), ResolveWriteToStream and StreamingQueryManager
(`spark.sql.streaming.stopActiveRunOnRestart`) of Spark's sources;
Structured Streaming + Kafka Integration Guide, `startingOffsets`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Confidence,
    Goal,
    Hit,
    Known,
    Project,
    Related,
    Rule,
    Setting,
    SparkSession,
    SparkSink,
    SparkSource,
    World,
    across,
    speak,
)

SETTING = "checkpointLocation"
SESSION = "spark.sql.streaming.checkpointLocation"
# For development, by the names Spark has for them (DataStreamWriter).
_DEVELOPMENT = frozenset({"console", "memory", "noop"})
# What Spark lets go on with a temporary directory (SOURCES_ALLOW_ONE_TIME_QUERY).
_TEMPORARY = frozenset({"foreachBatch", "foreach"})


def _missing(world: World) -> bool | None:
    setting = world.setting(SETTING)
    if setting is None:
        return None if world.open_reason is not None else True
    if setting.set_by == "user":
        return False
    return isinstance(setting.value, Known) or None


def _of_session(project: Project) -> bool | None:
    """Whether a session of the project has a location for all of its queries; None where that may
    be."""
    hidden = False
    for client in project.clients:
        if not isinstance(client, SparkSession):
            continue
        for world in client.worlds:
            if world.is_set(SESSION):
                return True
            hidden = hidden or world.open_reason is not None
    return None if hidden else False


def _starts(sink: SparkSink, project: Project) -> str:
    """What a start without a checkpoint does, as far as the sources tell."""
    places = sink.sources or ()
    begins = {
        str(world.known("startingOffsets") or "latest").lower()
        for client in project.clients
        if isinstance(client, SparkSource) and client.span in places
        for world in client.worlds
    }
    if begins == {"earliest"}:
        return "every restart handles the topic again from its beginning"
    if begins == {"latest"}:
        return "every restart skips what was written while the query did not run"
    return "every restart begins anew at startingOffsets"


def _draws_from_kafka(sink: SparkSink, project: Project) -> bool | None:
    """Whether the records come from Kafka or go there; None where that is only likely."""
    if sink.format == "kafka" or sink.sources:
        return True
    if sink.sources is not None:
        return False
    near = [
        one
        for one in project.clients
        if isinstance(one, SparkSource) and one.streaming and one.unit == sink.unit
    ]
    return None if near else False


def check(sink: SparkSink, project: Project) -> Iterator[Hit]:
    if not sink.streaming or sink.format in _DEVELOPMENT or sink.format == "unknown":
        return
    certain = _draws_from_kafka(sink, project)
    session = _of_session(project)
    if certain is False:
        return
    verdict = across(sink.worlds, _missing)
    if not verdict:
        yield from _shared(sink, project)
        return
    if session and sink.details.get("named") != "no":
        return
    confidence: Confidence = verdict.confidence
    if confidence == "high" and certain is None:
        confidence = "medium"
    if session is None:
        confidence = "low"
    advice = f"give it a {SETTING} of its own on storage that outlives the driver"
    if session:
        told = _starts(sink, project)
        why = f"{SESSION} gives a query without a queryName a directory with a random name"
        advice = "name it with queryName"
    elif sink.format in _TEMPORARY:
        told = _starts(sink, project)
        why = (
            f"this query has no {SETTING}, and Spark keeps its progress in a temporary directory"
            " of the driver"
        )
    else:
        told = "the query does not start (AnalysisException)"
        why = f"it writes to {_called(sink.format)} and has no {SETTING}"
    related = [Related(place, "its records come from here") for place in sink.sources or ()]
    yield Hit(
        span=sink.span,
        message=f"{told}: {why}{verdict.where()}; {advice}",
        confidence=confidence,
        setting=SETTING,
        related=tuple(related),
        goal=Goal(
            advice,
            reason="a name that no other query has"
            if session
            else "where a checkpoint can live only you know",
        ),
        subject_key=speak.subject_key(sink, sink.format),
    )


def _location(sink: SparkSink) -> Setting | None:
    """The location that a query certainly has, where it is known."""
    found = {world.value(SETTING) for world in sink.worlds}
    setting = sink.worlds[0].setting(SETTING) if len(found) == 1 else None
    if setting is None or setting.set_by != "user" or not isinstance(setting.value, Known):
        return None
    return setting


def _shared(sink: SparkSink, project: Project) -> Iterator[Hit]:
    """A query with the location of another one that the same program starts."""
    setting = _location(sink)
    if setting is None or sink.details.get("always") != "yes" or sink.span.path.endswith(".ipynb"):
        return
    for other in project.clients:
        if not isinstance(other, SparkSink) or not other.streaming or other.span == sink.span:
            continue
        theirs = _location(other)
        if theirs is None or other.details.get("always") != "yes" or theirs.value != setting.value:
            continue
        if other.span.path != sink.span.path or other.span.start > sink.span.start:
            continue
        span = sink.span
        yield Hit(
            span=span,
            message=(
                "one of two queries stops, or goes on at the other one's offsets: this one and that in"
                f" line {other.span.start.line} have the same {setting.spelled}; give each query"
                " a directory of its own"
            ),
            confidence="medium",
            setting=setting.spelled,
            related=(
                *speak.elsewhere(sink, span, setting),
                Related(other.span, "the other query"),
            ),
            provenance=setting.origins,
            goal=Goal(
                "give the query a directory of its own",
                reason="which of the two has made the directory only you know",
            ),
            causes=(sink.span, span),
            subject_key=speak.subject_key(sink, SETTING),
        )
        return


def _called(form: str) -> str:
    return {"kafka": "Kafka", "table": "a table"}.get(form, form)


RULE = Rule(
    id="spark-no-checkpoint",
    group="streaming",
    subject=SparkSink,
    severity="error",
    check=check,
    summary="a Spark query that begins anew at every start",
)
