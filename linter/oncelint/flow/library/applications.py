"""Applications of stream frameworks and Beam's transforms: what their constructors are given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import objects
from oncelint.flow.blocks import home_of, span_of
from oncelint.flow.library import building
from oncelint.flow.values import Abs, At, Bound, DictObj, Ext, Foreign, Lit, Phi, Slot, describe
from oncelint.frameworks.python import beam, builders
from oncelint.model.facts import Home

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine
    from oncelint.flow.trace import Site


def call_function(
    machine: Machine,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs | None:
    """Note the construction of an application, or of a transform, which it returns.

    What an application is to those who subscribe to it, flow/library/streams.py says.
    """
    transform = beam.NAMES.fullmatch(name)
    if transform is not None:
        return _transform(machine, transform[1], args, keywords, at, open_args)
    broker = builders.FASTSTREAM_NAME.fullmatch(name)
    if builders.FAUST_NAME.fullmatch(name):
        _application(machine, builders.FAUST, "id", args, keywords, at, open_args)
    elif builders.QUIX_NAME.fullmatch(name):
        _application(machine, builders.QUIX, "broker_address", args, keywords, at, open_args)
        _quix_producer(machine, keywords, at, open_args)
    elif broker is not None:
        _broker(machine, broker[1], args, keywords, at, open_args)
    return None


def call_method(
    machine: Machine, func: Bound, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> None:
    """Note what an application is asked to do, and settings that come from elsewhere."""
    receiver = func.receiver
    if not isinstance(receiver, Foreign) or receiver.at is None:
        return
    top, _, rest = receiver.path.partition("()")[0].partition(".")
    if top == "faststream" and func.name in builders.PUBLISHES and receiver.path.endswith("()"):
        site = _site(machine, _BROKERS.get(rest.partition(".")[0], ""), receiver.at)
        if site is not None:
            outputs = machine.trace.outputs.setdefault(site.index, [])
            outputs.append(_topic(func.name, args, keywords))
    elif top in ("faust", "quixstreams"):
        put_to_use(machine, receiver, func.name)
        if func.name in ("config_from_object", "config_from_cmdline"):
            site = _site(machine, builders.FAUST, receiver.at)
            for number, made in enumerate(site.makings if site is not None else ()):
                block = replace(made.block, open_reason="a configuration object")
                if site is not None:
                    site.makings[number] = replace(made, block=block)


def put_to_use(machine: Machine, application: Foreign, method: str) -> None:
    """Note that an application handles streams, where a method makes it do so."""
    for constructor, methods in builders.HANDLES.items():
        if method in methods and application.at is not None:
            site = _site(machine, constructor, application.at)
            if site is not None:
                machine.trace.outputs.setdefault(site.index, [])


def _site(machine: Machine, constructor: str, at: At) -> Site | None:
    return machine.sites.get((at.path, at.place, constructor))


_BROKERS = {"kafka": builders.FASTSTREAM, "confluent": builders.FASTSTREAM_CONFLUENT}


def _topic(method: str, args: list[Abs], keywords: list[tuple[str, Slot]]) -> Abs:
    for key, slot in keywords:
        if key == "topic":
            return slot.value
    index = 0 if method == "publisher" else 1
    if method == "publish_batch" or len(args) <= index:
        return Ext("a topic")
    return args[index]


def _application(
    machine: Machine,
    constructor: str,
    first: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> None:
    slots = {name: replace(slot, value=_plain(slot.value)) for name, slot in keywords}
    if args:
        slots.setdefault(first, Slot(args[0], None))
    homes = (Home(span_of(at), "arguments"),)
    building.make(machine, constructor, DictObj(slots, open=open_args), at, homes=homes)


def _plain(value: Abs) -> Abs:
    """A member of faust's ProcessingGuarantee as the text it is (faust/types/enums.py)."""
    if isinstance(value, Ext) and ".ProcessingGuarantee." in value.name:
        return Lit(value.name.rpartition(".")[2].lower())
    if isinstance(value, Phi):
        return Phi(value.choice, tuple((label, _plain(one)) for label, one in value.branches))
    return value


def _quix_producer(
    machine: Machine, keywords: list[tuple[str, Slot]], at: At, open_args: str | None
) -> None:
    """The settings that an application hands on to the producers it makes."""
    for name, slot in keywords:
        if name == "producer_extra_config":
            told = objects.deref_dict(machine, slot.value)
            if told is None:
                told = DictObj({}, open=describe(slot.value))
            homes = (home_of(told.home),) if told.home is not None else ()
            building.make(machine, builders.QUIX_PRODUCER, told, at, homes=homes)


def _broker(
    machine: Machine,
    flavour: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> None:
    """A broker's settings are keywords; those of the confluent flavour's `config` count over them
    (faststream/confluent/helpers/config.py)."""
    slots = dict(keywords)
    over = slots.pop("config", None) if flavour == "confluent" else None
    if args:
        slots.setdefault("bootstrap_servers", Slot(args[0], None))
    told = DictObj(slots, open=open_args)
    if over is not None:
        inner = objects.deref_dict(machine, over.value)
        if inner is None:
            inner = DictObj({}, open=describe(over.value))
        told = building.over(told, inner)
    homes = (Home(span_of(at), "arguments", style="underscores"),)
    building.make(machine, _BROKERS[flavour], told, at, homes=homes)


def _transform(
    machine: Machine,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs:
    """ReadFromKafka and WriteToKafka: a dict of the Java client's settings, all of them texts."""
    reads = name == "ReadFromKafka"
    parameters = beam.READ_PARAMETERS if reads else beam.WRITE_PARAMETERS
    given = dict(zip(parameters, args, strict=False))
    given.update({key: slot.value for key, slot in keywords})
    config = given.get(parameters[0])
    told = objects.deref_dict(machine, config) if config is not None else DictObj({})
    if told is None:
        told = DictObj({}, open=describe(config) if config is not None else None)
    if config is None and open_args is not None:
        told = replace(told, open=open_args)
    homes = (replace(home_of(told.home), style="text"),) if told.home is not None else ()
    topics = given.get(parameters[1])
    listed = objects.elements(machine, topics) if topics is not None else ()
    commits = given.get("commit_offset_in_finalize")
    finalize = isinstance(commits, Lit) and commits.value is True
    building.make(
        machine,
        beam.READ if reads else beam.WRITE,
        told,
        at,
        listed if listed is not None else (topics,) if topics is not None else (),
        homes=homes,
        details=(("commits", "when a bundle is finalized"),) if finalize else (),
    )
    return Foreign(f"apache_beam.io.kafka.{name}()", (), at)
