"""The transactions of Flink's exactly-once sinks, which last from one checkpoint to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oncelint.model.pipelines import TransactionTrace, Wait
from oncelint.model.project import Client, FlinkJob, Producer
from oncelint.model.values import Span

INTERVAL = "execution.checkpointing.interval"


def checkpointed(clients: Sequence[Client]) -> Iterator[TransactionTrace]:
    """The trace of each producer of a sink whose job's checkpoint interval is known: what is begun
    behind a checkpoint is committed when the next one is complete (ExactlyOnceKafkaWriter).

    The first wait is the time between checkpoints, a second one the time that somebody gave a
    checkpoint to be completed in.
    """
    from oncelint.frameworks.flink import duration_ms

    jobs = [one for one in clients if isinstance(one, FlinkJob)]
    for client in clients:
        if not isinstance(client, Producer) or client.details.get("framework") != "flink":
            continue
        told = client.details
        if told.get("checkpointing") != "on" or told.get("guarantee") != "exactly-once":
            continue
        interval = duration_ms(told.get("interval", ""))
        if interval is None:
            continue
        pause = duration_ms(told.get("pause", "")) or 0
        between = Wait(
            _said_at(jobs, told.get("checkpointing-at", "")) or client.span,
            "the time between two checkpoints",
            max(interval, pause) / 1000,
            None,
            False,
            (),
        )
        spent = [between]
        limit = duration_ms(told.get("checkpoint-timeout", ""))
        if limit is not None:
            completed = "a checkpoint's own time"
            spent.append(Wait(between.span, completed, limit / 1000, None, False, (), "answer"))
        yield TransactionTrace(producer=client, spent=tuple(spent))


def _said_at(jobs: Sequence[FlinkJob], place: str) -> Span | None:
    """Where the interval stands that is told of as `path:line`."""
    for job in jobs:
        for one in job.block.settings:
            if one.key == INTERVAL and f"{one.key_span.path}:{one.key_span.start.line}" == place:
                return one.key_span
    return None
