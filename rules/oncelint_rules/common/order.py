"""What the rules about the order of commits and effects share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from oncelint import model
from oncelint.model import CONFIDENCES, Confidence, Misorder, Pipeline, Related, Span, speak


def by_place(
    found: Iterable[Misorder], place: Callable[[Misorder], Span | None]
) -> Iterator[tuple[Span, list[Misorder]]]:
    """Misorders by the place that a finding about them stands at, the surest of each first; one
    finding is enough for what has to be changed once."""
    groups: dict[Span, list[Misorder]] = {}
    for one in found:
        span = place(one)
        if span is not None:
            groups.setdefault(span, []).append(one)
    for span, some in groups.items():
        yield span, sorted(some, key=lambda one: -CONFIDENCES.index(one.confidence))


def at_commit(one: Misorder) -> Span | None:
    """Where the commit of a misorder stands; None where the client commits by itself."""
    return one.commit.span if one.commit is not None else None


def surest(found: Sequence[Misorder]) -> Confidence:
    """The confidence of a finding about several misorders: that of the surest one."""
    return model.surest(*(one.confidence for one in found))


def listed(found: Sequence[Misorder]) -> str:
    """The effects of some misorders in a sentence: `the INSERT into payments and 2 more`."""
    names = list(dict.fromkeys(one.effect.what for one in found))
    if len(names) < 3:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} more effects"


def way(pipeline: Pipeline, found: Sequence[Misorder]) -> tuple[Related, ...]:
    """The way through the first misorder in its order, the effects of the others, and the
    consumer."""
    places = list(speak.steps(found[0].path))
    known = {one.span for one in places}
    places += [
        Related(one.effect.span, f"{one.effect.what} as well")
        for one in found[1:]
        if one.effect.span not in known
    ]
    places.append(Related(pipeline.consumer.span, "the consumer"))
    return tuple(dict.fromkeys(places))


def beside(one: Misorder, pipeline: Pipeline) -> bool:
    """Whether an effect is a cache beside another one of the record: it expires anyway."""
    sink = one.effect.sink
    return (
        sink is not None
        and sink.kind == "cache"
        and any(other.sink is None or other.sink.kind != "cache" for other in pipeline.effects)
    )


def line_of(span: Span, seen_from: Span) -> str:
    """A place in a sentence: `line 17`, or `app/store.py:17` where that is another file."""
    if span.path == seen_from.path:
        return f"line {span.start.line}"
    return f"{span.path}:{span.start.line}"
