"""The consumers that stream frameworks make: what is known of them without a dialect's table."""

from __future__ import annotations

from oncelint.flow.blocks import span_of
from oncelint.flow.trace import Making, Site
from oncelint.frameworks.python.streaming import FRAMEWORK, STREAMS, Given
from oncelint.model.facts import Block
from oncelint.model.project import Consumer, Setting, World
from oncelint.model.values import Known, Unknown, Value


def stream_consumer(site: Site, making: Making, *, unit: str, in_tests: bool) -> Consumer:
    """The consumer of a framework's subscription, with its delivery facts in one world.

    A setting that depends on a choice is unknown there.
    """
    shape = STREAMS[site.constructor]
    span = span_of(site.at)
    given = _given(making.block)
    settings = {
        name: Setting(name, name, value, set_by, span, span)
        for name, (value, set_by) in shape.facts(given).items()
    }
    package = site.constructor.partition(".")[0]
    world = World(shape.client, package, ("",), (), settings, making.block.open_reason)
    return Consumer(
        role="consumer",
        client=shape.client,
        dialect=package,
        client_versions=(),
        construct=site.constructor.rpartition(".")[2],
        span=span,
        placement=FRAMEWORK,
        worlds=(world,),
        block=Block(()),
        unit=unit,
        in_tests=in_tests,
        path=making.path,
    )


def _given(block: Block) -> Given:
    found: dict[str, Value] = {}
    for setting in block.settings:
        values = {one.value for one in setting.alternatives}
        only = values.pop() if len(values) == 1 else Unknown("one of several values", present=True)
        found[setting.key] = only if only is not None else Known(None)
    return found
