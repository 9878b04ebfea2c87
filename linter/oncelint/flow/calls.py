"""Calls: of project functions, classes, clients and libraries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.flow import expressions, implementations, objects, statements
from oncelint.flow.blocks import span_of
from oncelint.flow.library import (
    builders,
    containers,
    environment,
    externals,
    making,
    paths,
    streams,
    waiting,
)
from oncelint.flow.state import CONTEXTS, DEPTH, Frame
from oncelint.flow.story import Called, Leaves, Made, Spawned, Story, Unseen
from oncelint.flow.trace import Execution, Site, Use
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    Built,
    ClassObj,
    Comp,
    DictObj,
    Ext,
    File,
    Fn,
    Foreign,
    InstanceObj,
    Items,
    KafkaClient,
    ListObj,
    Lit,
    Part,
    Phi,
    Rec,
    Ref,
    Slot,
    Super,
    Unk,
    describe,
    is_nothing,
    phi,
)
from oncelint.frameworks.python.clients import POLLS
from oncelint.frameworks.python.streaming import STREAMS, VIEWS
from oncelint.model import ir
from oncelint.model.project import Step

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def do_call(machine: Machine, node: ir.Call) -> Abs:
    func = expressions.evaluate(machine, node.func)
    how = waiting.spawner(func)
    if how is not None:
        value, story = machine.told(lambda: _do_call(machine, node, func))
        waiting.tell_spawned(machine, story, how, machine.at(node.place))
        return value
    return _do_call(machine, node, func)


def _do_call(machine: Machine, node: ir.Call, func: Abs) -> Abs:
    args: list[Abs] = []
    open_args: str | None = None
    for arg in node.args:
        value = expressions.evaluate(machine, arg)
        if isinstance(arg, ir.Star):
            inner = objects.elements(machine, value)
            if inner is None:
                open_args = f"*{describe(value)}"
                args.append(objects.element_of(machine, value))
            else:
                args.extend(inner)
        else:
            args.append(value)
    keywords: list[tuple[str, Slot]] = []
    for keyword in node.keywords:
        value = expressions.evaluate(machine, keyword.value)
        if keyword.name is not None:
            keywords.append((keyword.name, Slot(value, machine.at(keyword.name_place))))
            continue
        inner_dict = objects.deref_dict(machine, value)
        if inner_dict is None:
            open_args = f"**{describe(value)}"
            sites = expressions.record_sites(machine, value)
            if sites:
                keywords.append(("\0record", Slot(Rec(sites), None)))
            continue
        if inner_dict.open:
            open_args = inner_dict.open
        keywords.extend(inner_dict.slots.items())
        if len(node.keywords) == 1:
            machine.spreads[machine.at(node.place)] = inner_dict
    filled(machine, node.func, args)
    at = machine.call_at(node.place)
    if isinstance(node.func, ir.Name) and node.func.id == "super" and len(args) == 2:
        if isinstance(args[0], Ref):
            return Super(args[1], args[0])
    if isinstance(node.func, ir.Name) and node.func.id == "super" and not args:
        owner = next((f.owner for f in reversed(machine.stack) if f.owner is not None), None)
        bound = next((f.bound for f in reversed(machine.stack) if f.bound is not None), None)
        if owner is not None and bound is not None:
            return Super(bound, owner)
    if isinstance(func, Rec) and isinstance(node.func, ir.Attribute) and node.func.name == "ack":
        streams.acknowledged(machine, func, at)
    return call(machine, func, args, keywords, at, open_args)


# Methods by which an object takes over what is in a message (protobuf's Message).
_FILLS = frozenset({"ParseFromString", "MergeFromString"})


def filled(machine: Machine, func: ir.Expr, args: list[Abs]) -> None:
    """`order.ParseFromString(message.value)`: the object is the record's from here on."""
    if not isinstance(func, ir.Attribute) or func.name not in _FILLS or not args:
        return
    sites = expressions.record_sites(machine, args[0])
    if sites and isinstance(func.base, ir.Name):
        machine.set_name(func.base.id, Rec(sites, "value"))


def call(
    machine: Machine,
    func: Abs,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None = None,
) -> Abs:
    machine.tick()
    if isinstance(func, Fn):
        registered = machine.overloads.get(id(func.node), ())
        if registered:
            choice = f"the type handled at {at.path}:{at.place[0]}"
            every = [func, *(replace(one, bound=func.bound) for one in registered)]
            return machine.each(
                Phi(choice, tuple((f"type {n}", one) for n, one in enumerate(every))),
                lambda one: (
                    call_function(machine, one, list(args), list(keywords), at, open_args)
                    if isinstance(one, Fn)
                    else Lit(None)
                ),
            )
        return call_function(machine, func, args, keywords, at, open_args)
    if isinstance(func, Ref):
        obj = machine.obj(func)
        if isinstance(obj, ClassObj):
            return instantiate(machine, func, args, keywords, at, open_args)
        if isinstance(obj, InstanceObj):
            method = objects.find_method(machine, func, "__call__")
            if method is not None:
                return call(machine, method, args, keywords, at, open_args)
    if isinstance(func, Phi):
        branches = [(label, one) for label, one in func.branches if not is_nothing(one)]
        if not branches:
            return Unk("a call of nothing", at)
        return machine.each(
            Phi(func.choice, tuple(branches)),
            lambda one: call(machine, one, list(args), list(keywords), at, open_args),
        )
    if isinstance(func, Part):
        bound_self = next((v for k, v in func.keywords if k == "\0self"), None)
        extra = [(k, Slot(v, None)) for k, v in func.keywords if k != "\0self"]
        if bound_self is not None and isinstance(func.func, Ext):
            become(machine, bound_self, func.func.name, args, keywords, at, open_args)
            return Lit(None)
        given = {name for name, _ in keywords}
        merged = [pair for pair in extra if pair[0] not in given] + keywords
        return call(machine, func.func, [*func.args, *args], merged, at, open_args or func.open)
    if isinstance(func, Ext):
        if func.name in machine.constructors:
            return construct(
                machine, machine.constructors[func.name], args, keywords, at, open_args
            )
        base = func.name.removesuffix(".__init__")
        if base in machine.constructors and base != func.name and args:
            become(machine, args[0], base, args[1:], keywords, at, open_args)
            return Lit(None)
        return externals.call_external(machine, func, args, keywords, at, open_args)
    if isinstance(func, Bound):
        built = builders.call_method(machine, func, args, keywords, at, open_args)
        if built is not None:
            return built
        result = call_method(machine, func, args, keywords, at)
        if func.name == "update":
            containers.hidden_entries(machine, func.receiver, keywords, open_args)
        return result
    if isinstance(func, Foreign) and streams.called(machine, func, args, at):
        return Lit(None)
    if isinstance(func, Foreign):
        if func.path in environment.ENVIRONMENT_READERS:
            return environment.required_variable(machine, args, dict(keywords), at)
        values = [*args, *(slot.value for _, slot in keywords)]
        if watched(machine) and waiting.matters(func.path):
            record_execution(machine, func, "__call__", args, keywords, at)
        hand_over(machine, values, at)
        return Foreign(f"{func.path}()", (*func.made_from, *values), at)
    return unknown_call(machine, func, args, keywords, at)


def become(
    machine: Machine,
    instance: Abs,
    constructor: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> None:
    """The base class of an instance is a client: it is constructed here."""
    made = construct(machine, machine.constructors[constructor], args, keywords, at, open_args)
    obj = machine.obj(instance) if isinstance(instance, Ref) else None
    if isinstance(instance, Ref) and isinstance(obj, InstanceObj):
        machine.write(instance.id, replace(obj, client=made))


def unknown_call(
    machine: Machine, func: Abs, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> Abs:
    values = [*args, *(slot.value for _, slot in keywords)]
    for value in values:
        objects.open_dict(
            machine, value, f"passed to something that cannot be seen at {at.path}:{at.place[0]}"
        )
    if any(machine.client_of(value) is not None for value in values):
        record_execution(machine, func, describe(func), args, keywords, at)
    unseen(machine, describe(func), values, at)
    hand_over(machine, values, at)
    return expressions.derived(machine, [func, *values], f"the result of {describe(func)}", at)


def unseen(machine: Machine, name: str, values: Iterable[Abs], at: At) -> None:
    """Tell of a call that is not followed, where records are taken."""
    if watched(machine):
        values = list(values)
        record = any(
            expressions.record_sites(machine, one) or one == Unk("an exception") for one in values
        )
        clients = [client.site for one in values if (client := machine.client_of(one))]
        machine.tell(Unseen(at, name, record, tuple(clients)))


def records_call(machine: Machine, name: str) -> bool:
    """Whether the call of a library's function is written down."""
    return name in machine.executes_external or (watched(machine) and waiting.matters(name))


def watched(machine: Machine) -> bool:
    """Whether everything that is done here matters: for a record, or in a transaction."""
    return machine.watching or any(loop.consumers for loop in machine.loops)


def hand_over(machine: Machine, values: Iterable[Abs], at: At) -> None:
    """Functions given to code that cannot be seen are called by it sooner or later."""
    for value in values:
        if isinstance(value, Bound) and isinstance(value.receiver, KafkaClient):
            steps = steps_here(machine)
            client = value.receiver.site
            use = Use(client, value.name, (), (), at, tuple(machine.loops), steps)
            machine.tell(Spawned(at, "callback", (use,), False))
        if isinstance(value, Fn) and id(value.node) not in machine.visited:
            _, story = machine.told(
                lambda fn=value: machine.tell_generator(  # type: ignore[misc]
                    call_function(machine, fn, [], [], at, standalone=True)
                )
            )
            if story:
                machine.tell(Spawned(at, "callback", story, False))


_LISTENS = ("on_partitions_revoked", "on_partitions_assigned", "on_partitions_lost")


def tell_of_rebalances(machine: Machine, client: KafkaClient, values: list[Abs], at: At) -> None:
    """What is given with a subscription is called at a rebalance: functions with the consumer and
    its partitions (confluent-kafka), a listener's methods with the partitions alone."""
    partitions = Unk("the partitions of a rebalance")
    for value in values:
        called: list[tuple[Abs, list[Abs]]] = []
        if isinstance(value, Fn):
            called.append((value, [client, partitions]))
        elif isinstance(value, Ref) and isinstance(machine.obj(value), InstanceObj):
            for name in _LISTENS:
                method = objects.find_method(machine, value, name)
                if method is not None:
                    called.append((method, [partitions]))
        for fn, args in called:
            if isinstance(fn, Fn):
                _, story = machine.told(
                    lambda fn=fn, args=args: call_function(  # type: ignore[misc]
                        machine, fn, args, [], at, standalone=True
                    )
                )
                if story:
                    machine.tell(Spawned(at, "callback", story, False))


def call_method(
    machine: Machine, func: Bound, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
) -> Abs:
    if isinstance(func.receiver, Bound):
        func = replace(func, receiver=objects.rooted(func.receiver))
    receiver = func.receiver
    if isinstance(receiver, KafkaClient):
        return use_client(machine, receiver, func.name, args, keywords, at)
    if isinstance(receiver, Phi):
        return machine.each(
            receiver,
            lambda one: call(
                machine, objects.attribute(machine, one, func.name, at), args, keywords, at
            ),
        )
    waiting.tell_method(machine, func, args, keywords, at)
    if func.name in machine.executes and isinstance(receiver, (Foreign, Unk, Bound)):
        record_execution(machine, receiver, func.name, args, keywords, at)
    elif watched(machine):
        if (isinstance(receiver, Foreign) and waiting.matters(receiver.path)) or (
            isinstance(receiver, File) and paths.writes(receiver.mode)
        ):
            record_execution(machine, receiver, func.name, args, keywords, at)
        elif isinstance(receiver, (Unk, Bound)) and not waiting.is_quiet(func.name):
            unseen(machine, describe(func), [receiver, *args, *(s.value for _, s in keywords)], at)
    return externals.call_method(machine, func, args, keywords, at)


def record_execution(
    machine: Machine,
    receiver: Abs,
    method: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> None:
    """Note a call of something outside the project, with what it is given as it is now."""
    values = [*args, *(slot.value for _, slot in keywords)]
    record = any(expressions.record_sites(machine, value) for value in [*values, receiver])
    unknown = any(unclear(machine, value) for value in values)
    machine.trace.executions.append(
        Execution(
            settled(machine, receiver),
            method,
            tuple(settled(machine, value) for value in args),
            tuple((name, settled(machine, slot.value)) for name, slot in keywords),
            at,
            tuple(machine.loops),
            steps_here(machine),
            tuple(name for names in machine.handlers for name in names),
            True if record else (None if unknown else False),
            machine.frame.path,
            (at.path, at.place) in machine.awaited,
        )
    )
    machine.tell(machine.trace.executions[-1])


def settled(machine: Machine, value: Abs, depth: int = 0) -> Abs:
    """A value with its containers as they are now: branches undo the heap later."""
    if depth > 5:
        return value
    if isinstance(value, Ref):
        obj = machine.obj(value)
        if isinstance(obj, ListObj):
            items = tuple(settled(machine, item, depth + 1) for item in obj.items)
            return Items(items, obj.exact)
        if isinstance(obj, DictObj):
            values = tuple(settled(machine, s.value, depth + 1) for s in obj.slots.values())
            return Items(values, obj.open is None, tuple(obj.slots))
        if isinstance(obj, InstanceObj) and obj.client is not None:
            return obj.client
        if isinstance(obj, InstanceObj):
            attrs = obj.attrs.items()
            return Built(obj.cls, tuple((k, settled(machine, v, depth + 2)) for k, v in attrs))
    if isinstance(value, Foreign):
        made_from = tuple(settled(machine, one, depth + 1) for one in value.made_from)
        return replace(value, made_from=made_from)
    if isinstance(value, Phi):
        return machine.over(value, lambda one: settled(machine, one, depth + 1))
    return value


def unclear(machine: Machine, value: Abs, depth: int = 0) -> bool:
    """Whether something of the record may be in a value that was not followed."""
    if isinstance(value, (Unk, Bound)):
        return True
    if isinstance(value, Comp):
        return not value.kinds
    if isinstance(value, Phi):
        return any(unclear(machine, one, depth) for _, one in value.branches)
    if isinstance(value, Ref) and depth < 3:
        obj = machine.obj(value)
        if isinstance(obj, ListObj):
            return not obj.exact or any(unclear(machine, one, depth + 1) for one in obj.items)
        if isinstance(obj, DictObj):
            return obj.open is not None or any(
                unclear(machine, slot.value, depth + 1) for slot in obj.slots.values()
            )
    return False


def steps_here(machine: Machine) -> tuple[Step, ...]:
    """The calls that lead here, outermost first."""
    return tuple(Step(span_of(at), f"calls {name}") for at, name in machine.calls)


def use_client(
    machine: Machine,
    client: KafkaClient,
    method: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
) -> Abs:
    values = [*args, *(slot.value for _, slot in keywords)]
    machine.trace.uses.append(
        Use(
            client.site,
            method,
            tuple(settled(machine, value) for value in args),
            tuple((name, settled(machine, slot.value)) for name, slot in keywords),
            at,
            tuple(machine.loops),
            steps_here(machine),
        )
    )
    site = machine.trace.sites[client.site]
    machine.tell(machine.trace.uses[-1])
    machine.watching = machine.watching or method in _BEGINS
    if method == "subscribe":
        tell_of_rebalances(machine, client, values, at)
    else:
        hand_over(machine, values, at)
    if site.constructor in machine.takes_records and method in POLLS:
        for loop in machine.loops:
            loop.consumers.setdefault(client.site, at)
        return Rec(frozenset((client.site,)))
    if method in ("__enter__", "__aenter__") or (site.constructor in STREAMS and method in VIEWS):
        return client
    if method in ("produce", "send", "send_and_wait"):
        return Foreign(f"{site.constructor}.{method}()", (client,), at)
    return Foreign(f"{site.constructor}().{method}()", (client,), at)


_BEGINS = frozenset({"begin_transaction", "transaction"})


def site_of(machine: Machine, constructor: str, at: At) -> Site:
    """The place in the code where a client is made, the same whenever it is reached again."""
    key = (at.path, at.place, constructor)
    site = machine.sites.get(key)
    if site is None:
        site = Site(len(machine.trace.sites), constructor, at)
        machine.sites[key] = site
        machine.trace.sites.append(site)
    return site


def construct(
    machine: Machine,
    constructor: str,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None,
) -> KafkaClient:
    """A client is made here: note its site, its settings and the way to it."""
    site = site_of(machine, constructor, at)
    machine.tell(Made(site.index, at))
    made = making.making(machine, constructor, args, keywords, at, open_args)
    if len(site.makings) < CONTEXTS and made not in site.makings:
        site.makings.append(made)
    return KafkaClient(site.index)


def instantiate(
    machine: Machine,
    cls: Ref,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None = None,
    *,
    standalone: bool = False,
) -> Abs:
    obj = machine.obj(cls)
    if not isinstance(obj, ClassObj):
        return Unk("an instance of something unknown", at)
    instance = machine.alloc(InstanceObj(cls, {}))
    known = machine.instances.setdefault(cls.id, [])
    if len(known) < 4 and not standalone:
        known.append(instance)
    init = objects.class_attribute(machine, cls, "__init__")
    if isinstance(init, Fn):
        call_function(
            machine,
            replace(init, bound=instance),
            args,
            keywords,
            at,
            open_args,
            standalone=standalone,
        )
        return instance
    constructor = objects.client_base(machine, cls)
    if constructor is not None:
        if standalone:
            open_args = "arguments that cannot be seen"
        made = construct(machine, constructor, args, keywords, at, open_args)
        current = machine.obj(instance)
        if isinstance(current, InstanceObj):
            machine.write(instance.id, replace(current, client=made))
        return instance
    attrs: dict[str, Abs] = {}
    names = objects.fields(machine, cls)
    for name, value in zip(names, args, strict=False):
        attrs[name] = value
    for name, slot in keywords:
        attrs[name] = slot.value
    if standalone:
        for name in names:
            attrs.setdefault(name, Unk(f"field {name}", at))
    machine.write(instance.id, InstanceObj(cls, attrs, None, open_args))
    post = objects.class_attribute(machine, cls, "__post_init__")
    if isinstance(post, Fn):
        call_function(machine, replace(post, bound=instance), [], [], at)
    return instance


def call_function(
    machine: Machine,
    fn: Fn,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    at: At,
    open_args: str | None = None,
    *,
    standalone: bool = False,
) -> Abs:
    node = fn.node
    identity = (id(node), fn.frame)
    count = machine.contexts.get(identity, 0)
    dropped = None
    if len(machine.stack) > DEPTH:
        dropped = "calls nested too deeply to follow"
    elif sum(1 for one in machine.stack if one.node is node and one.parent == fn.frame) >= 2:
        # the wrappers that one decorator makes of several functions are several functions
        dropped = "a recursive call"
    elif count >= CONTEXTS:
        dropped = "called from too many places to follow"
    if dropped is not None:
        # an empty call is the mark of one that was not followed
        machine.tell(Called(at, node.name if isinstance(node, ir.Function) else "a lambda", ()))
        return expressions.derived(machine, args, dropped, at)
    machine.contexts[identity] = count + 1
    machine.visited.add(id(node))
    frame = Frame(machine.new_id(), fn.frame, fn.path, node, fn.owner, fn.bound)
    machine.frames[frame.id] = frame
    caller = machine.stack[-1] if machine.stack else None
    machine.layers.append({})
    machine.stack.append(frame)
    depth = len(machine.layers) - 1
    machine.frame_depth = [*machine.frame_depth, depth]
    saved_jumps, machine.jumps = machine.jumps, []
    saved_conditions, machine.conditions = machine.conditions, []
    saved_apart = machine.jumped_apart
    named = isinstance(node, ir.Function) and caller is not None and not standalone
    if named and isinstance(node, ir.Function):
        machine.calls.append((at, node.name))

    def run() -> Abs:
        bind_params(machine, fn, args, keywords, open_args, standalone)
        if isinstance(node, ir.Lambda):
            return expressions.evaluate(machine, node.body)
        if statements.block(machine, node.body) is None and frame.returns:
            statements.give_back(machine, Lit(None))
        return result(machine, frame)

    try:
        value, story = machine.told(run)
        told_call(machine, fn, value, story, at)
        return value
    finally:
        if named:
            machine.calls.pop()
        machine.jumps = saved_jumps
        machine.conditions = saved_conditions
        machine.jumped_apart = saved_apart
        machine.frame_depth = machine.frame_depth[:-1]
        machine.stack.pop()
        if not frame.captured:
            machine.forget(frame)
        machine.keep()


def told_call(machine: Machine, fn: Fn, value: Abs, story: Story, at: At) -> None:
    """Tell what a function did. A generator does nothing before its values are taken."""
    node = fn.node
    name = node.name if isinstance(node, ir.Function) else "a lambda"
    if isinstance(node, ir.Function) and node.is_generator and isinstance(value, Ref):
        machine.generators[value.id] = Called(at, name, story, generator=True)
    elif any(not isinstance(one, Leaves) or one.kind != "return" for one in story):
        used = (at.path, at.place) not in machine.unused
        machine.tell(Called(at, name, story, used=used))


def result(machine: Machine, frame: Frame) -> Abs:
    """Join a function's returns, last first, with what each had changed."""
    if isinstance(frame.node, ir.Function) and frame.node.is_generator:
        return machine.alloc(ListObj(tuple(frame.yields), False, generated=True))
    if not frame.returns:
        return Lit(None)
    *early, (_, value, changes) = frame.returns
    for key, changed in changes.items():
        machine.write(key, changed)
    for condition, other, other_changes in reversed(early):
        choice, label = condition or ("the way through", "ends early")
        value = phi(choice, [(label, other), ("otherwise", value)])
        machine.join_exit((choice, label), other_changes)
    return value


def bind_params(
    machine: Machine,
    fn: Fn,
    args: list[Abs],
    keywords: list[tuple[str, Slot]],
    open_args: str | None,
    standalone: bool,
) -> None:
    params = list(fn.node.params)
    given = list(args)
    named = dict(keywords)
    if fn.bound is not None and params and params[0].kind == "positional":
        machine.set_name(params[0].name, fn.bound)
        params = params[1:]
    elif fn.bound is not None and params and params[0].kind == "var-positional":
        given = [fn.bound, *given]
    for param in params:
        if param.kind == "var-positional":
            machine.set_name(
                param.name,
                machine.alloc(ListObj(tuple(given), not standalone and open_args is None)),
            )
            given = []
        elif param.kind == "var-keyword":
            reason = open_args or (
                f"**{param.name} of a function called from out of sight" if standalone else None
            )
            machine.set_name(param.name, machine.alloc(DictObj(named, open=reason)))
            named = {}
        elif given and param.kind == "positional":
            machine.set_name(param.name, given.pop(0))
        elif param.name in named:
            machine.set_name(param.name, named.pop(param.name).value)
        else:
            machine.set_name(param.name, unbound(machine, fn, param, open_args, standalone))


def unbound(
    machine: Machine, fn: Fn, param: ir.Param, open_args: str | None, standalone: bool
) -> Abs:
    at = At(fn.path, fn.node.place)
    if param.default is None:
        named = implementations.class_named(param.annotation)
        if named is not None:
            known = typed(machine, named, at)
            if known is not None:
                return known
        return Unk(f"parameter {param.name}", at)
    default = next((value for name, value in fn.defaults if name == param.name), None)
    if default is None:
        default = expressions.evaluate(machine, param.default)
    if standalone or open_args is not None:
        return phi(
            f"argument {param.name}",
            [("is left out", default), ("is given", Unk(f"parameter {param.name}", at))],
        )
    return default


def typed(machine: Machine, annotation: ir.Expr, at: At) -> Abs | None:
    """A parameter annotated with a project class may be the instance the project makes."""
    value = expressions.evaluate(machine, annotation)
    if isinstance(value, Ref) and isinstance(machine.obj(value), ClassObj):
        known = implementations.instance_of(machine, value)
        if known is not None:
            given = Unk("an argument of a call that is not seen", at)
            return phi(
                f"argument of {at.path}:{at.place[0]}",
                [("is what the project makes", known), ("is another", given)],
            )
    if isinstance(value, Ext) and value.name not in machine.constructors and "." in value.name:
        if not value.name.startswith(("builtins.", "typing.")):
            return Foreign(f"{value.name}()", (), at)
    return None
