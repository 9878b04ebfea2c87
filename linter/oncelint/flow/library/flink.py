"""PyFlink's Kafka sources and sinks, the environments they run in, and the SQL that code holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import objects
from oncelint.flow.library import building
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    Comp,
    DictObj,
    Ext,
    Foreign,
    ListObj,
    Lit,
    Phi,
    Ref,
    Slot,
    Unk,
)
from oncelint.frameworks.python import pyflink

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

_SOURCE, _SINK = "pyflink.KafkaSource.builder()", "pyflink.KafkaSink.builder()"
_DESCRIBED, _DESCRIPTOR = "pyflink.TableDescriptor.for_connector()", "pyflink.TableDescriptor"
_JOB = "pyflink.StreamExecutionEnvironment"
_SETTINGS = "pyflink.Configuration"
_PRODUCER = "FlinkKafkaProducer"
# Views of an environment through which it is configured (stream_execution_environment.py,
# table_environment.py, checkpoint_config.py).
_VIEWS = frozenset({"get_checkpoint_config", "get_config", "get_configuration"})
_NUMBERED = {
    "enable_checkpointing": pyflink.INTERVAL,
    "set_checkpoint_interval": pyflink.INTERVAL,
    "set_checkpointing_mode": pyflink.MODE,
    "set_min_pause_between_checkpoints": pyflink.PAUSE,
    "set_checkpoint_timeout": pyflink.TIMEOUT,
}
_SETS = frozenset({"set", "set_string", "set_integer", "set_boolean"})
# table.py (Table.execute_insert), statement_set.py (StatementSet.add_insert)
_INSERTS = frozenset({"execute_insert", "add_insert"})
_RUNS_SQL = frozenset({"execute_sql", "sql_update", "add_insert_sql"})
# table_environment.py: a table is made of a descriptor, under a path
_CREATES = frozenset({"create_temporary_table", "create_table"})
_KEY = "\0key"
_NOWHERE = "\0nowhere"


def call_function(
    machine: Machine,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs | None:
    """A call of something of pyflink by its dotted name; None for what is not modelled."""
    builder = pyflink.BUILDER.fullmatch(name)
    if builder is not None:
        return building.begin(machine, f"pyflink.{builder[1]}.builder()", (), at)
    if pyflink.DESCRIPTOR.fullmatch(name):
        asked = _given(("connector",), args, keywords)
        described = building.begin(machine, _DESCRIBED, (), at)
        told = building.told_of(machine, described)
        if told is not None and "connector" in asked:
            building.tell(machine, told, "connector", asked["connector"], at)
            building.called_here(machine, told, at)
        return described
    if pyflink.ENVIRONMENT.fullmatch(name):
        return _environment(machine, args[:1], at)
    if pyflink.TABLES.fullmatch(name):
        given = [*args, *(slot.value for _, slot in keywords)]
        job = next((one for one in given if isinstance(one, Foreign) and one.path == _JOB), None)
        return job if job is not None else _environment(machine, [], at)
    if pyflink.SETTINGS.fullmatch(name):
        return building.begin(machine, _SETTINGS, (), at)
    if pyflink.OLD_PRODUCER.fullmatch(name):
        return _old_producer(machine, args, keywords, at, open_args)
    if pyflink.OLD_CONSUMER.fullmatch(name):
        return _old_consumer(machine, args, keywords, at, open_args)
    return None


def call_method(
    machine: Machine,
    func: Bound,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs | None:
    """A method of a builder or an environment; None for any other."""
    receiver = func.receiver
    if isinstance(receiver, Bound):
        receiver = objects.rooted(receiver)
    if not isinstance(receiver, Foreign) or not receiver.path.startswith("pyflink."):
        return None
    values = [*args, *(slot.value for _, slot in keywords)]
    if func.name in _INSERTS and values:
        _insert(machine, values[0], at)
        return None
    if func.name in _CREATES and len(values) >= 2:
        named = {key: slot.value for key, slot in keywords}
        given = dict(zip(("path", "descriptor"), args, strict=False)) | named
        if "path" in given and "descriptor" in given:
            _table(machine, given["path"], given["descriptor"])
        return None
    if func.name == "from_descriptor" and values:
        _table(machine, None, values[0])
        return None
    if func.name == "add_insert_sql" and values:
        _statement(machine, values[0])
        return None
    told = building.told_of(machine, receiver)
    if told is None:
        return None
    if receiver.path in (_SOURCE, _SINK):
        return _linked(machine, receiver, told, func.name, values, at)
    if receiver.path == _DESCRIBED:
        return _described(machine, receiver, told, func.name, args, keywords, at)
    if receiver.path == _SETTINGS:
        if func.name in _SETS and len(values) == 2:
            building.tell_named(machine, told, values[0], values[1], at)
        return receiver
    if receiver.path == _JOB:
        return _of_job(machine, receiver, told, func.name, values, at)
    return None


# Tables of the Table API ----------------------------------------------------------------------


def _described(
    machine: Machine,
    receiver: Foreign,
    told: Ref,
    name: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs:
    """One call of a table descriptor's builder."""
    named = {key: slot.value for key, slot in keywords}
    if name == "build":
        return Foreign(_DESCRIPTOR, (told, *receiver.made_from[1:]), receiver.at)
    if name == "option":
        given = dict(zip(("key", "value"), args, strict=False)) | named
        if len(given) == 2:
            building.tell_named(machine, told, given["key"], given["value"], at)
    elif name == "schema" and (args or named):
        schema = (*args, *named.values())[0]
        building.tell(machine, told, _KEY, Lit(_keyed(schema)), None)
    elif name == "format" and (args or named):
        given = dict(zip(("format", "format_option"), args, strict=False)) | named
        form = given.get("format")
        if "format_option" in given:
            objects.open_dict(machine, told, "a format under a name that is not known")
        elif isinstance(form, Lit):
            building.tell(machine, told, "format", form, at)
    building.called_here(machine, told, at)
    return receiver


def _keyed(schema: Abs) -> str:
    """Whether a schema has a primary key: yes, no, or nothing where that is not seen."""
    if not isinstance(schema, Foreign) or "new_builder()" not in schema.path:
        return ""
    if "from_schema()" in schema.path or "from_resolved_schema()" in schema.path:
        return ""
    return "yes" if ".primary_key" in schema.path else "no"


def _table(machine: Machine, name: Abs | None, descriptor: Abs, *, inserted: bool = False) -> None:
    """A table under a name that is known, or one without a name that a call reads or writes."""
    if not isinstance(descriptor, Foreign) or descriptor.path != _DESCRIPTOR:
        return
    if name is not None and not (isinstance(name, Lit) and isinstance(name.value, str)):
        return
    told = building.told_of(machine, descriptor)
    obj = machine.obj(told) if told is not None else None
    if not isinstance(obj, DictObj) or descriptor.at is None:
        return
    key = obj.slots.get(_KEY)
    topic = obj.slots.get("topic")
    details = [("key", str(key.value.value) if key and isinstance(key.value, Lit) else "")]
    if isinstance(name, Lit):
        details.append(("table", str(name.value).strip("`").rpartition(".")[2].strip("`")))
    else:
        details.append(("table", ""))
        details.append(("use", "sink" if inserted else "source"))
    building.make(
        machine,
        _DESCRIPTOR,
        obj,
        descriptor.at,
        (topic.value,) if topic is not None else (),
        "flink-option",
        details=tuple(details),
    )


# Sources and sinks ----------------------------------------------------------------------------


def _linked(
    machine: Machine, receiver: Foreign, told: Ref, name: str, values: list[Abs], at: At
) -> Abs:
    """One call of a source's or sink's builder."""
    if name == "build":
        if building.known(machine, told, _NOWHERE) is not None:
            return Foreign("pyflink.KafkaSink", (), at)  # Flink refuses it
        obj = machine.obj(told)
        settings = _connector(obj if isinstance(obj, DictObj) else DictObj({}))
        constructor = pyflink.SOURCE if receiver.path == _SOURCE else pyflink.SINK
        topics = building.known(machine, told, building.TOPICS)
        building.make(machine, constructor, settings, at, _each(machine, topics), "flink-property")
        return Foreign(constructor, (), at)
    setting = pyflink.METHODS.get(name)
    if setting is not None and values:
        building.tell(machine, told, setting, _plain(values[0]), at)
    elif name == pyflink.PROPERTY and len(values) == 2:
        _property(machine, told, values[0], values[1], at)
    elif name == pyflink.PROPERTIES and values:
        _properties(machine, told, values[0])
    elif name in pyflink.TOPICS and values:
        given = machine.alloc(ListObj(tuple(values))) if len(values) > 1 else values[0]
        building.tell(machine, told, building.TOPICS, given, None)
    elif name == "set_record_serializer" and values:
        building.tell(machine, told, building.TOPICS, _serialized(values[0]), None)
        if _without_topic(values[0]):
            building.tell(machine, told, _NOWHERE, Lit(True), None)
    building.called_here(machine, told, at)
    return receiver


def _serialized(schema: Abs) -> Abs:
    """The topic of a KafkaRecordSerializationSchema: what `set_topic` was given is among what it
    was made from."""
    if isinstance(schema, Foreign) and "set_topic()" in schema.path:
        texts = [one for one in schema.made_from if isinstance(one, Lit)]
        return texts[0] if texts else Unk("a topic")
    return Unk("a topic")


def _without_topic(schema: Abs) -> bool:
    """Whether a schema is built without a topic (KafkaRecordSerializationSchemaBuilder.build)."""
    if not isinstance(schema, Foreign) or not schema.path.endswith(".build()"):
        return False
    return "KafkaRecordSerializationSchema.builder()" in schema.path and "topic" not in schema.path


def _each(machine: Machine, topics: Abs | None) -> tuple[Abs, ...]:
    if topics is None:
        return ()
    found = objects.elements(machine, topics)
    return found if found is not None else (topics,)


def _property(machine: Machine, told: Ref, key: Abs, value: Abs, at: At) -> None:
    if isinstance(key, Lit) and isinstance(key.value, str):
        building.tell(machine, told, "properties." + key.value, value, key.at or at)
    else:
        objects.open_dict(machine, told, "a property whose name is not known")


def _properties(machine: Machine, told: Ref, given: Abs) -> None:
    inner = objects.deref_dict(machine, given)
    if inner is None:
        inner = DictObj({}, open="properties that are not known")
    slots = {"properties." + key: slot for key, slot in inner.slots.items()}
    building.tell_dict(machine, told, DictObj(slots, inner.open, home=inner.home))


def _connector(told: DictObj) -> DictObj:
    return replace(told, slots={"connector": Slot(Lit("kafka"), None), **told.slots})


def _plain(value: Abs) -> Abs:
    """A member of one of PyFlink's enumerations as the text it stands for."""
    if isinstance(value, Ext):
        said = pyflink.member(value.name)
        return Lit(said) if said is not None else value
    return value


def _old_producer(
    machine: Machine,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs:
    """FlinkKafkaProducer, with the guarantee under the name that its successor has for it."""
    given = _given(pyflink.OLD_PRODUCER_PARAMETERS, args, keywords)
    told = machine.alloc(DictObj({}, open=open_args))
    if "producer_config" in given:
        _properties(machine, told, given["producer_config"])
    if "semantic" in given:
        place = next((slot.key_at for key, slot in keywords if key == "semantic"), None)
        building.tell(machine, told, pyflink.GUARANTEE, _plain(given["semantic"]), place or at)
    obj = machine.obj(told)
    settings = _connector(obj if isinstance(obj, DictObj) else DictObj({}))
    topics = _each(machine, given.get("topic"))
    building.make(machine, pyflink.SINK, settings, at, topics, details=(("class", _PRODUCER),))
    return Foreign(f"pyflink.{_PRODUCER}", (), at)


def _old_consumer(
    machine: Machine,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> Abs:
    given = _given(pyflink.OLD_CONSUMER_PARAMETERS, args, keywords)
    told = machine.alloc(DictObj({}, open=open_args))
    if "properties" in given:
        _properties(machine, told, given["properties"])
    obj = machine.obj(told)
    settings = _connector(obj if isinstance(obj, DictObj) else DictObj({}))
    building.make(machine, pyflink.SOURCE, settings, at, _each(machine, given.get("topics")))
    return Foreign("pyflink.FlinkKafkaConsumer", (), at)


def _given(
    parameters: tuple[str, ...], args: list[Abs], keywords: list[tuple[str, Slot]]
) -> dict[str, Abs]:
    found = dict(zip(parameters, args, strict=False))
    found.update({key: slot.value for key, slot in keywords})
    return found


# Environments ---------------------------------------------------------------------------------


def _environment(machine: Machine, given: list[Abs], at: At) -> Abs:
    """An environment, with the configuration it may be given."""
    job = building.begin(machine, _JOB, (Lit(None, at),), at)
    told = building.told_of(machine, job)
    if told is not None:
        for one in given:
            settings = building.told_of(machine, one) if isinstance(one, Foreign) else None
            if settings is not None:
                building.tell_all(machine, told, settings)
            else:
                objects.open_dict(machine, told, "a configuration that is not known")
        _settle(machine, job, told)
    return job


def _of_job(
    machine: Machine, job: Foreign, told: Ref, name: str, values: list[Abs], at: At
) -> Abs | None:
    if name in _VIEWS:
        return job
    if name in _NUMBERED and values:
        value = building.here(machine, _plain(values[0]))
        building.tell(machine, told, _NUMBERED[name], value, at)
        if name == "enable_checkpointing" and len(values) > 1:
            mode = building.here(machine, _plain(values[1]))
            building.tell(machine, told, pyflink.MODE, mode, at)
    elif name == "configure" and values:
        settings = building.told_of(machine, values[0]) if isinstance(values[0], Foreign) else None
        if settings is not None:
            building.tell_all(machine, told, settings)
        else:
            objects.open_dict(machine, told, "a configuration that is not known")
    elif name in _SETS and len(values) == 2:
        building.tell_named(machine, told, values[0], building.here(machine, values[1]), at)
    elif name == "add_configuration" and values:
        objects.open_dict(machine, told, "a configuration that is not known")
    elif name in _RUNS_SQL and values:
        _statement(machine, values[0])
        return None
    else:
        return None
    _settle(machine, job, told)
    return job


def _settle(machine: Machine, job: Foreign, told: Ref) -> None:
    """The environment as it is configured so far."""
    made = job.made_from[1] if len(job.made_from) > 1 else None
    obj = machine.obj(told)
    if isinstance(made, Lit) and made.at is not None and isinstance(obj, DictObj):
        building.make(machine, pyflink.JOB, obj, made.at, anew=True)


def _insert(machine: Machine, table: Abs, at: At) -> None:
    """A table of this program's SQL, or one that is described, is inserted into by a call."""
    if isinstance(table, Foreign):
        _table(machine, None, table, inserted=True)
    if isinstance(table, Lit) and isinstance(table.value, str):
        machine.trace.inserts[replace(at, turn=0)] = table.value.strip("`")


def _statement(machine: Machine, value: Abs) -> None:
    """SQL that an environment runs, where it is a literal: it is read like a script's."""
    if isinstance(value, (Lit, Comp)) and value.at is not None:
        machine.trace.scripts.setdefault(replace(value.at, turn=0))
    elif isinstance(value, Phi):
        for _, one in value.branches:
            _statement(machine, one)
