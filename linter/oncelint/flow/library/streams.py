"""Stream frameworks: which of a program's functions they call with records.

Faust hands an agent its stream; FastStream and kstreams call a subscriber with a record; Quix
Streams, Bytewax and arroyo call the functions of a pipeline that is built first and run later.
A function is noted here and run once its module is complete (flow/entries.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oncelint.flow import calls, objects
from oncelint.flow.blocks import block_of
from oncelint.flow.entries import Entry
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    DictObj,
    Ext,
    Fn,
    Foreign,
    InstanceObj,
    KafkaClient,
    Lit,
    Part,
    Phi,
    Rec,
    Ref,
    Slot,
    Unk,
)
from oncelint.frameworks.python.streaming import PACKAGES, STREAMS
from oncelint.model import ir

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

# Constructors whose keywords are kept with what they give: they configure its consumers.
_APPS = re.compile(
    r"faust\.(?:app\.)?App|quixstreams\.(?:app\.)?Application"
    r"|faststream\.(?:kafka|confluent)\.(?:\w+\.)*Kafka(?:Broker|Router)"
    r"|arroyo\.backends\.kafka\.(?:\w+\.)*(?:build_kafka_consumer_configuration|KafkaConsumer)"
)
_BROKER = re.compile(r"faststream\.(kafka|confluent)\.(?:\w+\.)*Kafka(?:Broker|Router)\(\)")
_ROUTE = re.compile(r"faststream\.(kafka|confluent)\.(?:\w+\.)*KafkaRoute")
_FAUST = re.compile(r"faust\.(?:app\.)?App\(\)")
_QUIX = re.compile(r"quixstreams\.(?:app\.)?Application\(\)")
_ENGINE = re.compile(r"kstreams\.(?:\w+\.)*(?:create_engine|StreamEngine)\(\)")
_KSTREAM = re.compile(r"kstreams\.(?:streams\.)?stream")
_BYTEWAX_INPUT = re.compile(r"bytewax\.(?:operators|connectors\.kafka\.operators)\.input")
_BYTEWAX_SOURCE = "bytewax.connectors.kafka.KafkaSource()"
_ARROYO = "arroyo.processing."
_COMMIT = "arroyo.types.Commit()"
# arroyo/processing/strategies: what takes a function as its first argument, or by these names.
_ARROYO_FUNCTIONS = ("function", "processing_function", "accumulator", "generator")
# quixstreams/dataframe/dataframe.py: what takes functions of a record.
_QUIX_METHODS = frozenset({"apply", "update", "filter", "group_by"})
_ACKNOWLEDGING = frozenset(name for name in STREAMS if name.startswith(("faust.", "faststream.")))
_SUBSCRIBED = "(a subscription)"


def call_function(
    machine: Machine, name: str, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> Abs | None:
    """A call of a framework's function or class by its dotted name; None for any other."""
    if name.partition(".")[0] not in PACKAGES:
        return None
    if _APPS.fullmatch(name):
        slots = dict(keywords)
        if args:
            slots.setdefault("\0first", Slot(args[0], None))
            if name.startswith("faust."):
                slots.setdefault("id", Slot(args[0], None))
        kept = machine.alloc(DictObj(slots))
        return Foreign(f"{name}()", (kept,), at)
    if _KSTREAM.fullmatch(name):
        return _subscription(machine, "kstreams.stream", name, args, keywords, at)
    route = _ROUTE.fullmatch(name)
    if route is not None and args:
        constructor = f"faststream.{route[1]}.subscriber"
        found = _subscription(machine, constructor, name, args[1:], keywords, at)
        _subscribe(machine, found, args[0], at)
        return found
    if name.startswith("bytewax."):
        return _bytewax(machine, name, args, keywords, at)
    if name.startswith(_ARROYO):
        return _arroyo(machine, name, args, keywords, at)
    return None


def call_method(
    machine: Machine, func: Bound, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> Abs | None:
    """A method of what a framework gave; None for any other."""
    receiver = func.receiver
    if not isinstance(receiver, Foreign):
        receiver = objects.rooted(receiver) if isinstance(receiver, Bound) else receiver
        if not isinstance(receiver, Foreign):
            return None
    if receiver.path.partition(".")[0] not in PACKAGES:
        return None
    broker = _BROKER.fullmatch(receiver.path)
    if broker is not None and func.name == "subscriber":
        named = _with_app(machine, receiver, keywords, ("ack_policy",))
        constructor = f"faststream.{broker[1]}.subscriber"
        return _subscription(machine, constructor, receiver.path, args, named, at)
    if _ENGINE.fullmatch(receiver.path) and func.name == "stream":
        return _subscription(machine, "kstreams.stream", receiver.path, args, keywords, at)
    if _FAUST.match(receiver.path) and func.name in ("agent", "stream"):
        named = _with_app(machine, receiver, [], None)
        channels: list[Abs] = [receiver] if receiver.path.endswith(".topic()") else args[:1]
        made = _subscription(machine, f"faust.App.{func.name}", "", channels, named, at)
        return made if func.name == "agent" else made.made_from[0]
    if _QUIX.match(receiver.path):
        return _quix(machine, receiver, func.name, args, keywords, at)
    return None


def called(machine: Machine, func: Foreign, args: list[Abs], at: At) -> bool:
    """A call of what a framework gave: a subscription takes its function, a strategy commits."""
    if func.path.endswith(_SUBSCRIBED) and args:
        _subscribe(machine, func, args[0], at)
        return True
    client = func.made_from[0] if func.path == _COMMIT and func.made_from else None
    if isinstance(client, KafkaClient):
        calls.use_client(machine, client, "commit", [], [], at)
        return True
    return False


def acknowledged(machine: Machine, record: Rec, at: At) -> None:
    """A message acknowledges itself: its consumer commits what was delivered
    (faststream/kafka/message.py, faust/events.py)."""
    for site in sorted(record.sites):
        if machine.trace.sites[site].constructor in _ACKNOWLEDGING:
            calls.use_client(machine, KafkaClient(site), "commit", [], [], at)


def decorates(machine: Machine, decorator: Abs, value: Abs, at: At) -> bool:
    """Whether a decorator subscribes a function to records; the function is noted then."""
    if isinstance(decorator, Foreign) and decorator.path.endswith(_SUBSCRIBED):
        _subscribe(machine, decorator, value, at)
        return True
    if isinstance(decorator, Bound) and decorator.name == "agent":
        # `@app.agent` without a call: the channel is the agent's own
        receiver = decorator.receiver
        if isinstance(receiver, Foreign) and _FAUST.fullmatch(receiver.path):
            from oncelint.flow.library.applications import put_to_use

            put_to_use(machine, receiver, "agent")
            named = _with_app(machine, receiver, [], None)
            found = _subscription(machine, "faust.App.agent", "", [], named, at)
            _subscribe(machine, found, value, at)
            return True
    return False


# Subscriptions ------------------------------------------------------------------------------


def _with_app(
    machine: Machine,
    app: Foreign,
    keywords: list[tuple[str, Slot]],
    names: tuple[str, ...] | None,
) -> list[tuple[str, Slot]]:
    """The keywords of a subscription and those of its application that matter for it."""
    kept = objects.deref_dict(machine, app.made_from[0]) if app.made_from else None
    given = {name for name, _ in keywords}
    slots = kept.slots if kept is not None else {}
    inherited = [
        (name, slot)
        for name, slot in slots.items()
        if name not in given and (names is None or name in names)
    ]
    return [*keywords, *inherited]


def _subscription(
    machine: Machine,
    constructor: str,
    path: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Foreign:
    """The consumer a framework makes for a subscription, as something that may decorate."""
    from oncelint.flow.trace import Making

    site = calls.site_of(machine, constructor, at)
    slots = {
        name: Slot(_plain(calls.settled(machine, slot.value)), slot.key_at)
        for name, slot in keywords
        if not name.startswith("\0")
    }
    topics = tuple(one for value in args for one in _topics(machine, value))
    topics += tuple(_topics_of(machine, keywords))
    block = block_of(DictObj(slots), at)
    made = Making(block, topics, calls.steps_here(machine), bool(machine.calls))
    if not site.makings:
        site.makings.append(made)
    return Foreign(f"{path or constructor}.{_SUBSCRIBED}", (KafkaClient(site.index),), at)


_TEXTS = frozenset({"AckPolicy", "ProcessingGuarantee"})


def _plain(value: Abs) -> Abs:
    """A member of AckPolicy or ProcessingGuarantee as the text it is."""
    if isinstance(value, Ext) and value.name.rpartition(".")[0].rpartition(".")[2] in _TEXTS:
        return Lit(value.name.rpartition(".")[2].lower())
    return value


def _topics_of(machine: Machine, keywords: list[tuple[str, Slot]]) -> list[Abs]:
    for name, slot in keywords:
        if name in ("topics", "topic"):
            return _topics(machine, slot.value)
    return []


def _topics(machine: Machine, value: Abs) -> list[Abs]:
    """The topic names in an argument: texts, lists of them, and topic objects."""
    if isinstance(value, Lit) and isinstance(value.value, str):
        return [value]
    if isinstance(value, Foreign) and ("opic()" in value.path):
        named: list[Abs] = [one for one in value.made_from if isinstance(one, Lit)]
        return named[:1]
    found = objects.elements(machine, value)
    return [one for item in found or () for one in _topics(machine, item)]


def _subscribe(machine: Machine, subscription: Foreign, function: Abs, at: At) -> None:
    client = subscription.made_from[0]
    if not isinstance(client, KafkaClient):
        return
    constructor = machine.trace.sites[client.site].constructor
    args: tuple[Abs, ...] | None = None
    each = True
    if constructor.startswith("faust."):
        args, each = (client,), False
    elif constructor == "kstreams.stream" and isinstance(function, Fn):
        args, each = _kstreams_arguments(machine, function, client)
    elif constructor.startswith("faststream.") and isinstance(function, Fn):
        args = _faststream_arguments(machine, function, client, at)
    note(machine, Entry(function, client.site, at, args, each))


def note(machine: Machine, entry: Entry) -> None:
    """Keep an entry until the modules have been run."""
    machine.entries.append(entry)


def _kstreams_arguments(
    machine: Machine, function: Fn, client: KafkaClient
) -> tuple[tuple[Abs, ...], bool]:
    """kstreams/middleware/udf_middleware.py: by the types of its parameters; one parameter
    without a type is the stream."""
    args: list[Abs] = []
    each = False
    for param in _required(function):
        name = _last(param.annotation)
        if name in ("Stream", ""):
            args.append(client)
        elif name == "Send":
            args.append(Foreign("kstreams.Send()"))
        else:
            each = True
            args.append(Rec(frozenset((client.site,))))
    return tuple(args), each


def _faststream_arguments(
    machine: Machine, function: Fn, client: KafkaClient, at: At
) -> tuple[Abs, ...]:
    """The record first; what is annotated with a dependency is what that gives."""
    record = Rec(frozenset((client.site,)))
    args: list[Abs] = []
    for param in _required(function):
        dependency = _dependency(param.annotation)
        if dependency is not None:
            args.append(_depends(machine, function, dependency, at))
        elif args and _last(param.annotation) in _NO_RECORDS:
            args.append(Unk(f"parameter {param.name}", at))
        else:
            args.append(record)
    return tuple(args)


# Annotations of FastStream (faststream/kafka/annotations.py) that are no part of the message.
_NO_RECORDS = frozenset({"Logger", "KafkaBroker", "ContextRepo", "Context", "FastStream"})


def _depends(machine: Machine, function: Fn, expression: ir.Expr, at: At) -> Abs:
    from oncelint.flow import expressions

    frame = machine.frames.get(function.frame)
    if frame is None:
        return Unk("a dependency", at)
    machine.stack.append(frame)
    value = expressions.evaluate(machine, expression)
    machine.stack.pop()
    return value


def _dependency(annotation: ir.Expr | None) -> ir.Expr | None:
    """The `Depends(…)` of `Annotated[Type, Depends(…)]`."""
    if not isinstance(annotation, ir.Subscript) or _last(annotation.base) != "Annotated":
        return None
    parts = annotation.key.items if isinstance(annotation.key, ir.ListDisplay) else ()
    return next(
        (one for one in parts if isinstance(one, ir.Call) and _last(one.func) == "Depends"), None
    )


def _required(function: Fn) -> list[ir.Param]:
    params = [one for one in function.node.params if one.kind == "positional"]
    if function.bound is not None:
        params = params[1:]
    return [one for one in params if one.default is None]


def _last(expression: ir.Expr | None) -> str:
    """The last name of a dotted name, also of the one that is subscripted."""
    while isinstance(expression, ir.Subscript):
        expression = expression.base
    if isinstance(expression, ir.Attribute):
        return expression.name
    if isinstance(expression, ir.Text):
        return expression.value.rpartition(".")[2]
    return expression.id if isinstance(expression, ir.Name) else ""


# Pipelines ----------------------------------------------------------------------------------


def _source(value: Abs) -> KafkaClient | None:
    """The consumer at the beginning of the pipeline that a value is a part of."""
    if isinstance(value, Bound):
        value = objects.rooted(value)
    if isinstance(value, Foreign) and value.made_from:
        first = value.made_from[0]
        return first if isinstance(first, KafkaClient) else None
    if isinstance(value, Phi):
        found = [_source(one) for _, one in value.branches]
        return found[0] if found and all(one == found[0] for one in found) else None
    return None


def _is_function(machine: Machine, value: Abs) -> bool:
    if isinstance(value, (Fn, Part)):
        return True
    obj = machine.obj(value) if isinstance(value, Ref) else None
    return (
        isinstance(obj, InstanceObj)
        and objects.class_attribute(machine, obj.cls, "__call__") is not None
    )


def _quix(
    machine: Machine,
    receiver: Foreign,
    method: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs | None:
    if _QUIX.fullmatch(receiver.path):
        named = _with_app(machine, receiver, keywords, None)
        if method == "dataframe":
            constructor = "quixstreams.Application.dataframe"
            made = _subscription(machine, constructor, "", args[:1], named, at)
            return Foreign("quixstreams.Application().dataframe()", made.made_from, at)
        if method == "get_consumer":
            constructor = "quixstreams.Application.get_consumer"
            return _subscription(machine, constructor, "", [], named, at).made_from[0]
        return None
    client = _source(receiver)
    if client is None:
        return None
    stateful = any(name == "stateful" for name, _ in keywords)
    for value in [*args, *(slot.value for _, slot in keywords)]:
        if method in _QUIX_METHODS and _is_function(machine, value):
            given: tuple[Abs, ...] | None = None
            if stateful and isinstance(value, Fn):
                count = max(len(_required(value)), 1)
                records: list[Abs] = [Rec(frozenset((client.site,)))] * max(count - 1, 1)
                given = (*records, Unk("the state", at))[:count]
            note(machine, Entry(value, client.site, at, given))
        if method == "sink":
            _methods(machine, value, ("write", "add"), client, at)
    return Foreign(f"{receiver.path}.{method}()", (client,), at)


def _methods(
    machine: Machine, value: Abs, names: tuple[str, ...], client: KafkaClient, at: At
) -> None:
    """The methods of an object that are called with records."""
    if not isinstance(value, Ref) or not isinstance(machine.obj(value), InstanceObj):
        return
    for name in names:
        method = objects.find_method(machine, value, name)
        if method is not None:
            note(machine, Entry(method, client.site, at))


def _bytewax(
    machine: Machine, name: str, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> Abs | None:
    if _BYTEWAX_INPUT.fullmatch(name):
        values = [*args, *(slot.value for _, slot in keywords)]
        from_kafka = ".kafka." in name or any(
            isinstance(one, Foreign) and one.path == _BYTEWAX_SOURCE for one in values
        )
        if not from_kafka:
            return None
        made = _subscription(machine, "bytewax.input", "", [], keywords, at)
        return Foreign("bytewax.operators.input()", made.made_from, at)
    if not name.startswith("bytewax.operators."):
        return None
    streams = [one for one in args if _source(one) is not None]
    streams += [slot.value for key, slot in keywords if key == "up" and _source(slot.value)]
    client = _source(streams[0]) if streams else None
    if client is None:
        return None
    for value in [*args[2:], *(slot.value for _, slot in keywords)]:
        if _is_function(machine, value):
            note(machine, Entry(value, client.site, at))
        elif name.endswith(".output"):
            _bytewax_sink(machine, value, client, at)
    return Foreign(f"{name}()", (client,), at)


def _bytewax_sink(machine: Machine, sink: Abs, client: KafkaClient, at: At) -> None:
    """bytewax/outputs.py: a sink builds a partition, which writes batches."""
    if not isinstance(sink, Ref) or not isinstance(machine.obj(sink), InstanceObj):
        return
    for name in ("build", "build_part"):
        build = objects.find_method(machine, sink, name)
        if build is not None:
            given: list[Abs] = [Unk("what bytewax hands over", at)] * 3
            partition = calls.call(machine, build, given, [], at)
            _methods(machine, partition, ("write_batch",), client, at)


def _arroyo(
    machine: Machine, name: str, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> Abs | None:
    named = dict(keywords)
    if name.endswith(".StreamProcessor"):
        return _arroyo_processor(machine, args, named, at)
    site = machine.streaming[-1] if machine.streaming else None
    if site is None or ".strategies." not in name:
        return None
    client = KafkaClient(site)
    values = [*args, *(slot.value for key, slot in keywords if key in _ARROYO_FUNCTIONS)]
    for value in values:
        if _is_function(machine, value):
            note(machine, Entry(value, site, at))
    for value in [*args, *(slot.value for _, slot in keywords)]:
        _methods(machine, value, ("submit",), client, at)
    return Foreign(f"{name}()", (client,), at)


def _arroyo_processor(
    machine: Machine, args: list[Abs], named: dict[str, Slot], at: At
) -> Abs | None:
    given = dict(zip(("consumer", "topic", "processor_factory"), args, strict=False))
    given.update({key: slot.value for key, slot in named.items()})
    factory = given.get("processor_factory")
    consumer = given.get("consumer")
    from_kafka = isinstance(consumer, Foreign) and consumer.path.startswith("arroyo.backends.kafka")
    if not from_kafka or consumer is None:
        return None
    settings = _arroyo_settings(machine, consumer)
    topic = [given["topic"]] if "topic" in given else []
    made = _subscription(machine, "arroyo.StreamProcessor", "", topic, settings, at)
    client = made.made_from[0]
    create = (
        objects.find_method(machine, factory, "create_with_partitions")
        if isinstance(factory, Ref)
        else None
    )
    if create is not None and isinstance(client, KafkaClient):
        machine.streaming.append(client.site)
        commit = Foreign(_COMMIT, (client,), at)
        strategy = calls.call(machine, create, [commit, Unk("partitions", at)], [], at)
        machine.streaming.pop()
        _methods(machine, strategy, ("submit",), client, at)
    return Foreign("arroyo.processing.StreamProcessor()", (client,), at)


def _arroyo_settings(machine: Machine, consumer: Abs, depth: int = 0) -> list[tuple[str, Slot]]:
    """The keywords of build_kafka_consumer_configuration(), or the entries of a dict."""
    obj = machine.obj(consumer) if isinstance(consumer, Ref) else None
    if isinstance(obj, DictObj):
        inner = obj.slots.get("\0first")
        if inner is not None and "group_id" not in obj.slots:
            return _arroyo_settings(machine, inner.value, depth + 1)
        return list(obj.slots.items())
    if isinstance(consumer, Foreign) and consumer.made_from and depth < 4:
        return _arroyo_settings(machine, consumer.made_from[0], depth + 1)
    return []
