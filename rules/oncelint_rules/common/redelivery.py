"""What the rules share about records that are delivered again."""

from __future__ import annotations

from oncelint.model import Consumer, Known, Related, Sink, Span, World, across, speak


def starts_at(consumer: Consumer, wanted: str) -> bool:
    """Whether the consumer has no group, so that no offset is kept, and begins at `wanted`."""

    def holds(world: World) -> bool | None:
        group, reset = world.value("group.id"), world.value("auto.offset.reset")
        if not isinstance(group, Known) or not isinstance(reset, Known):
            return None
        return group.value in (None, "") and reset.value == wanted

    verdict = across(consumer.worlds, holds)
    return bool(verdict) and verdict.confidence == "high"


def never(sink: Sink) -> bool:
    """Whether nothing is delivered twice: no group, the latest offset, and no seek."""
    return not sink.positioned and starts_at(sink.consumer, "latest")


def again(sink: Sink) -> str:
    """Who is delivered again, as the beginning of a sentence that goes on with a verb."""
    if not sink.positioned and starts_at(sink.consumer, "earliest"):
        return "every start of this consumer reads the whole topic again, and each record"
    return "a record delivered again"


def way(sink: Sink, *others: Related) -> tuple[Related, ...]:
    """The way from the consumer to the write, other places, and the consumer."""
    places = [one for one in speak.steps(sink.path) if one.span != sink.span]
    places += others
    places.append(Related(sink.consumer.span, "the consumer"))
    return tuple(dict.fromkeys(places))


def statement(sink: Sink) -> tuple[Related, ...]:
    """Where the statement stands, unless that is part of the call that executes it."""
    if sink.statement_span is None or sink.span.covers(sink.statement_span):
        return ()
    return (Related(sink.statement_span, "the statement"),)


def causes(sink: Sink) -> tuple[Span, ...]:
    """The spans by which other findings about the same write are known."""
    return (sink.span, *((sink.statement_span,) if sink.statement_span is not None else ()))
