"""How a consumer is closed, and whether it hears of partitions that are taken from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oncelint.flow.blocks import span_of
from oncelint.flow.story import (
    Attempt,
    Round,
    Story,
    bodies,
    nodes,
)
from oncelint.flow.trace import Use
from oncelint.flow.values import Abs, KafkaClient, Lit, Missing
from oncelint.link.loops.reading import CLOSES
from oncelint.model.values import Span


def closes(story: Story, site: int) -> tuple[tuple[Span, bool], ...]:
    """The close() and stop() calls of a consumer that commit what was delivered, with whether
    they are reached by an exception of the loop that takes its records."""
    found: dict[Span, bool] = {}
    for use, after in _closing(story, site, False):
        span = span_of(use.at)
        found[span] = found.get(span, False) or after
    return tuple(found.items())


def _closing(story: Story, site: int, after: bool) -> Iterator[tuple[Use, bool]]:
    for node in story:
        if isinstance(node, Use) and node.site == site and node.method in CLOSES:
            if not _without_commit(node):
                yield node, after
        if isinstance(node, Attempt):
            loops = _takes_records(node.body, site)
            yield from _closing(node.body, site, after)
            yield from _closing(node.orelse, site, after)
            for handler in node.handlers:
                yield from _closing(handler.body, site, after or loops)
            yield from _closing(node.final, site, after or loops)
        else:
            for inner in bodies(node):
                yield from _closing(inner, site, after)


def _without_commit(use: Use) -> bool:
    """kafka-python's `close(autocommit=False)`."""
    given = dict(use.keywords).get("autocommit", use.args[0] if use.args else None)
    return isinstance(given, Lit) and given.value is False


def _takes_records(story: Story, site: int) -> bool:
    return any(isinstance(node, Round) and site in node.loop.consumers for node in nodes(story))


def handles_revocation(uses: Iterable[Use], site: int) -> bool:
    """Whether a consumer's subscription comes with something that is told of a rebalance.

    confluent-kafka takes on_revoke and on_lost, kafka-python and aiokafka a listener.
    """
    return any(
        use.site == site and use.method == "subscribe" and any(map(_given, _callbacks(use)))
        for use in uses
    )


def _callbacks(use: Use) -> Iterator[Abs]:
    yield from use.args[2:]
    yield from (v for name, v in use.keywords if name in ("on_revoke", "on_lost", "listener"))


def _given(value: Abs) -> bool:
    return not isinstance(value, (Missing, KafkaClient)) and not (
        isinstance(value, Lit) and value.value is None
    )
