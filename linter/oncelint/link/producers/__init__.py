"""How long producers live, and what becomes of the records they are given.

What was made and used comes from the interpreter's trace; in which loop, function or handler a
construction stands, and what holds its value, is read off the code around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oncelint.flow.blocks import span_of
from oncelint.flow.trace import Site, Trace, Use
from oncelint.flow.values import Abs, Built, Comp, Foreign, Items, Lit, Phi, Rec
from oncelint.frameworks.python.clients import POLLS
from oncelint.link.clients import Made, is_test
from oncelint.link.outline import (
    Fate,
    Level,
    Node,
    Outline,
    Outlines,
    derived_names,
    dotted,
    fate,
    given_away,
    header,
    imports,
    last_name,
    names,
    traced_loops,
    walk,
)
from oncelint.link.producers.callers import entry
from oncelint.link.producers.resends import resends_of
from oncelint.link.producers.rounds import (
    derived_from,
    few_rounds,
    gets_varied,
    makes_consumer,
    pauses,
    sends_to_each,
    succeeds_once,
)
from oncelint.model import ir
from oncelint.model.pipelines import Lifecycle, Send
from oncelint.model.project import Producer, Step
from oncelint.model.values import Span

WRITES = frozenset({"produce", "send", "send_and_wait"})
_ENDS = frozenset(
    {"flush", "close", "stop", "poll", "__exit__", "__aexit__", "commit_transaction", "purge"}
)
_FUTURE = frozenset(
    {"get", "result", "add_callback", "add_errback", "add_both", "add_done_callback"}
    | {"succeeded", "failed", "exception"}
)
# The position of the callback among the arguments of produce() (confluent_kafka/src/Producer.c).
_CALLBACK_AT = 4


@dataclass(frozen=True, slots=True)
class _Owner:
    """The expression whose value is the producer, or what holds it, for as long as it lives.

    `held_as` are the attributes by which the objects on the way hold it.
    """

    index: int
    node: ir.Call
    fate: Fate
    held_as: frozenset[str] = frozenset()


_For: TypeAlias = Literal["record", "request", "round"]


@dataclass(frozen=True, slots=True)
class _Repeated:
    """What makes a producer again and again, and how the way leads there."""

    loop: Span | None
    function: Span | None
    what: _For
    path: tuple[Step, ...]


def lifecycles(made: Sequence[Made], trace: Trace, outlines: Outlines) -> tuple[Lifecycle, ...]:
    """The lifecycle of every producer that is made in Python.

    `made` are the clients with their sites, `outlines` give the code around what was traced.
    """
    uses: dict[int, list[Use]] = {}
    for use in trace.uses:
        uses.setdefault(use.site, []).append(use)
    polled = _polled(trace, outlines)
    found = []
    for one in made:
        if isinstance(one.client, Producer):
            site = trace.sites[one.site]
            life = _Life(one.client, site, uses.get(one.site, []), outlines, polled)
            found.append(life.told(bool(trace.abandoned)))
    return tuple(found)


def _polled(trace: Trace, outlines: Outlines) -> frozenset[tuple[str, ir.Place]]:
    """The loops, and functions called with records, that take a record in each round themselves;
    those around them are left out."""
    found = set()
    for use in trace.uses:
        if use.method in POLLS and use.loops:
            found.add((use.loops[-1].at.path, use.loops[-1].at.place))
    for loop in traced_loops(trace):
        if not loop.consumers:
            continue
        path, place = loop.at.path, loop.at.place
        outline = outlines.get(path)
        written = outline.loops.get(place) if outline is not None else None
        if written is None:
            found.add((path, place))  # a function that a framework calls with records
        elif written.iter is not None:
            taken = {at.place for at in loop.consumers.values() if at.path == path}
            if written.iter.place in taken:
                found.add((path, place))
    return frozenset(found)


class _Life:
    """One producer, with everything that is done with it."""

    def __init__(
        self,
        producer: Producer,
        site: Site,
        uses: Sequence[Use],
        outlines: Outlines,
        polled: Collection[tuple[str, ir.Place]],
    ) -> None:
        self.producer = producer
        self.site = site
        self.outlines = outlines
        self.polled = polled
        self.uses = [(use, outlines.levels(use.path, use.at)) for use in uses]
        self.writes = [(use, way) for use, way in self.uses if use.method in WRITES]

    def told(self, abandoned: bool) -> Lifecycle:
        makings = [one for one in self.site.makings if one.called] or self.site.makings
        ways = [self.outlines.levels(one.path, self.site.at) for one in makings]
        ways = [way for way in ways if way and not is_test(way[0].outline.path)]
        ways = [way for way in ways if not any(_ends_with(other, way) for other in ways)]
        owners = [(way, self.owner(way)) for way in ways]
        repeated = next(filter(None, (self.repeated(*one) for one in owners)), None)
        live = next(filter(None, (self.live(*one) for one in owners)), None)
        if live is None and repeated is not None and repeated.what == "request":
            live = ("requests", repeated.function)
        sends = tuple(self.sends())
        escapes = abandoned or not owners or any(self.escapes(*one) for one in owners)
        return Lifecycle(
            producer=self.producer,
            made_in_loop=repeated.loop if repeated is not None else None,
            made_per_call=repeated.function if repeated is not None else None,
            made_for=repeated.what if repeated is not None else None,
            made_path=repeated.path if repeated is not None else (),
            sends=sends,
            flushes=tuple(self.flushes(owners)),
            resends=tuple(resends_of(self.writes, self.producer.dialect)),
            escapes=escapes,
            ends=None if escapes else self.ends(owners),
            live=live[0] if live is not None else None,
            live_span=live[1] if live is not None else None,
            jobs=tuple(dict.fromkeys(job for way in ways if (job := _job(way)) is not None)),
            lasting=any(self.lasts(step) for _, way in self.writes for step in way),
            reached=any(
                way[0].function is None or self.entered(way[0]) is not None
                for _, way in self.writes
                if way
            ),
            bare_groups=tuple(self.bare_groups()),
        )

    # Who holds it -----------------------------------------------------------------------------

    def owner(self, way: Sequence[Level]) -> _Owner:
        """Follow a construction out of factories and wrapper classes to what holds it."""
        index = len(way) - 1
        node = way[index].call
        held_as: frozenset[str] = frozenset()
        while True:
            level = way[index]
            what = fate(level.outline, node)
            if what.kind in ("attribute", "module") and what.name is not None:
                held_as |= {what.name}
            if _cached(level.function):
                return _Owner(index, node, Fate("kept"), held_as)
            function = level.function
            in_init = isinstance(function, ir.Function) and function.name in _INITS
            if in_init and function is not None and _one_instance(level.outline.owner(function)):
                return _Owner(index, node, Fate("kept"), held_as)
            own = in_init and _initialises(node)
            leaves = what.kind == "returned" or (what.kind == "attribute" and in_init) or own
            if not leaves or index == 0 or function is None:
                kind = Fate("kept", what.name) if leaves else what
                return _Owner(index, node, kind, held_as)
            caller = way[index - 1].call
            if not in_init and not _calls(caller, function):
                return _Owner(index, node, Fate("kept"), held_as)
            index, node = index - 1, caller

    def escapes(self, way: Sequence[Level], owner: _Owner) -> bool:
        """Whether code that is not seen may hold the producer, or do something with it."""
        if not _constructs(way[-1], self.site.constructor.rpartition(".")[2]):
            return True  # a subclass, which may do with itself what it likes
        if owner.fate.kind == "kept":
            return not owner.fate.pooled
        return bool(owner.held_as) and any(
            given_away(*one) for one in self.outlines.mentions(owner.held_as)
        )

    # How often it is made ---------------------------------------------------------------------

    def repeated(self, way: Sequence[Level], owner: _Owner) -> _Repeated | None:
        level = way[owner.index]
        if owner.fate.kind == "attribute":
            # an object keeps it only until it is made anew, if that is whenever the way comes here
            if not all(_always(one.outline, one.call) for one in way):
                return None
        elif owner.fate.kind not in ("local", "module"):
            return None
        inside = [(use, node) for use, node in (self.at(one, level) for one in self.writes) if node]
        if not inside:
            return None
        nodes = [node for _, node in inside]
        for loop in level.outline.loops_around(owner.node):
            told = self.in_loop(level, owner, loop, nodes)
            if told is not None:
                steps = _steps(way[owner.index :])
                return _Repeated(_loop_span(level.outline, loop), None, told, steps)
            if level.outline.function(loop) is level.function:
                return None  # an outer loop restarts what the inner one does
        return self.per_call(way, owner, nodes)

    def at(self, one: tuple[Use, tuple[Level, ...]], level: Level) -> tuple[Use, Node | None]:
        """The expression by which a use is reached in the function of a level."""
        use, way = one
        for step in way:
            if step.outline is level.outline and step.function is level.function:
                return use, step.call
        return use, None

    def in_loop(
        self, level: Level, owner: _Owner, loop: ir.Loop, sends: Sequence[Node]
    ) -> _For | None:
        """For what a loop makes a producer in each round; None when it does not."""
        outline = level.outline
        if any(
            not _inside(outline, use, loop) for use in owner.fate.uses if _matters(outline, use)
        ):
            return None  # it outlives the loop
        if _guarded(outline, owner, loop):
            return None
        here = [node for node in sends if _inside(outline, node, loop)]
        if not here:
            return None
        if makes_consumer(loop):
            return None  # it starts everything again after an error
        consumes = self.consumes(outline, loop)
        if not consumes:
            if all(self.batched(node) for node in here):
                return None
            if not any(next(outline.loops_around(node), None) is loop for node in here):
                return None  # it is made again only when the loop inside ends
            if few_rounds(level, loop) or pauses(loop):
                return None
            if loop.target is not None and sends_to_each(here, names(loop.target)):
                return None
        if self.depends(owner.node, loop) or succeeds_once(outline, loop, owner.node):
            return None
        return "record" if consumes else "round"

    def batched(self, node: Node) -> bool:
        """Whether a call leads to many sends: a loop inside what is called stands around them."""
        ways = [way for _, way in self.writes if any(step.call is node for step in way)]
        return (
            bool(ways)
            and all(
                next(step.outline.loops_around(step.call), None) is not None
                for way in ways
                for step in way[[step.call is node for step in way].index(True) + 1 :][-1:]
            )
            and any(len(way) > 1 and way[-1].call is not node for way in ways)
        )

    def consumes(self, outline: Outline, loop: ir.Loop) -> bool:
        """Whether a loop takes a record in each round, by itself and not by a loop inside."""
        return (outline.path, loop.place) in self.polled

    def depends(self, node: ir.Call, loop: ir.Loop) -> bool:
        """Whether the configuration is another one in each round of a `for` loop."""
        if loop.target is None:
            return False
        return bool(names(node) & derived_names(names(loop.target), loop.body))

    def per_call(
        self, way: Sequence[Level], owner: _Owner, sends: Sequence[Node]
    ) -> _Repeated | None:
        """What calls the function that makes and drops a producer for each record or request."""
        level = way[owner.index]
        function = level.function
        if not isinstance(function, ir.Function) or _guarded(level.outline, owner, None):
            return None
        place = header(level.outline.path, function)
        steps = _steps(way[owner.index :])
        for index in range(owner.index, -1, -1):
            outer = way[index]
            if index < owner.index:
                for loop in outer.outline.loops_around(outer.call):
                    told = self.called_in(way, owner, index, loop, sends)
                    if told is None:
                        return None
                    return _Repeated(None, place, told, _steps(way[index:]))
            what = self.entered(outer)
            if what == "record" and all(map(self.many, nodes_at(self.writes, outer))):
                return None  # it is called with a stream or a batch
            if what is not None:
                start = Step(header(outer.outline.path, outer.function), _HANDLES[what])
                return _Repeated(None, place, what, (start, *_steps(way[index:])))
        return self.called_elsewhere(level, function, place, steps)

    def entered(self, level: Level) -> Literal["record", "request"] | None:
        """For what a function is called from outside the project."""
        function = level.function
        if function is not None and (level.outline.path, function.place) in self.polled:
            return "record"
        return entry(level.outline, function)

    def many(self, one: tuple[Level, Node]) -> bool:
        """Whether a call stands in a loop of its function, or leads to one."""
        level, node = one
        return next(level.outline.loops_around(node), None) is not None

    def called_elsewhere(
        self, level: Level, function: ir.Function, place: Span, steps: tuple[Step, ...]
    ) -> _Repeated | None:
        """The same from the sends' ways: the construction may have been traced from one caller."""
        for _, way in self.writes:
            for index, step in enumerate(way):
                if step.function is not function:
                    continue
                for outer in range(index - 1, -1, -1):
                    what = self.entered(way[outer])
                    if what is not None:
                        at = header(way[outer].outline.path, way[outer].function)
                        start = Step(at, _HANDLES[what])
                        return _Repeated(
                            None, place, what, (start, *_steps(way[outer:index]), *steps)
                        )
        return None

    def called_in(
        self,
        way: Sequence[Level],
        owner: _Owner,
        index: int,
        loop: ir.Loop,
        sends: Sequence[Node],
    ) -> _For | None:
        """For what a loop calls, on some way, the function that makes the producer."""
        outer, inner = way[index], way[owner.index]
        if self.consumes(outer.outline, loop):
            return "record" if not succeeds_once(outer.outline, loop, outer.call) else None
        if all(next(inner.outline.loops_around(node), None) is not None for node in sends):
            return None  # one producer for a batch
        if few_rounds(outer, loop) or pauses(loop) or makes_consumer(loop):
            return None
        if succeeds_once(outer.outline, loop, outer.call):
            return None
        if loop.target is not None and isinstance(inner.function, ir.Function):
            # the configuration may be another one in each round
            given = {one.name for one in inner.function.params if one.name not in ("self", "cls")}
            used = given & derived_from(inner, owner.node)
            varied = derived_names(names(loop.target), loop.body)
            if used and (
                index + 1 != owner.index or gets_varied(outer.call, inner.function, used, varied)
            ):
                return None
        return "round"

    # Several at once --------------------------------------------------------------------------

    def live(
        self, way: Sequence[Level], owner: _Owner
    ) -> tuple[Literal["pool", "threads", "requests"], Span | None] | None:
        level = way[owner.index]
        if owner.fate.kind == "kept" and owner.fate.pooled and _repeats(level, owner.node):
            return ("pool", level.outline.span(owner.node))
        if owner.fate.kind != "local":
            return None  # what holds it may be one for all of them
        for outer in way[: owner.index]:
            if _at_once(outer):
                return ("threads", outer.span)
        return None

    # What becomes of records ------------------------------------------------------------------

    def sends(self) -> Iterator[Send]:
        records = {
            span_of(use.at)
            for use, _ in self.writes
            if any(_of_record(one) for one in (*use.args, *(one for _, one in use.keywords)))
        }
        seen: set[Span] = set()
        for use, way in self.writes:
            at = span_of(use.at)
            if at in seen:
                continue
            seen.add(at)
            if not way:
                yield Send(at, True, True, use.path, record=at in records)
                continue
            level = way[-1]
            yield Send(
                at,
                _has_callback(level.call, self.producer.dialect),
                _looked_at(level, self.producer.dialect, use.method),
                use.path,
                started=not _forgotten(level, self.producer.dialect, use.method),
                record=at in records,
                topic=_topic_name(level.call),
            )

    def flushes(self, owners: Iterable[tuple[Sequence[Level], _Owner]]) -> Iterator[Span]:
        """Where something waits for the producer's records, or may do so under its name."""
        found: dict[Span, None] = {}
        for use, _ in self.uses:
            if use.method in _ENDS:
                found[span_of(use.at)] = None
        held = {last_name(_receiver(way)) for _, way in self.uses if way}
        for way, owner in owners:
            level = way[owner.index]
            held |= {owner.fate.name, *owner.held_as}
            holder = level.outline.parent(owner.node)
            while isinstance(holder, ir.Await):
                holder = level.outline.parent(holder)
            if isinstance(holder, ir.With):
                found[level.outline.span(owner.node)] = None
            for use_ in owner.fate.uses:
                if isinstance(level.outline.parent(use_), ir.With):
                    found[level.outline.span(use_)] = None
        if found or not self.writes:
            # it is enough to know of one, and where none is seen a name may tell of another
            yield from found
            return
        for outline, one in self.outlines.mentions(_ENDS):
            if last_name(one.base) in held - {None}:
                found[outline.span(one)] = None
        yield from found

    def ends(
        self, owners: Sequence[tuple[Sequence[Level], _Owner]]
    ) -> Literal["function", "script"] | None:
        """Where its life certainly ends, soon after the last record was handed over."""
        told: set[Literal["function", "script"] | None] = set()
        for way, owner in owners:
            level = way[owner.index]
            outer = way[: owner.index + 1]
            functions = [*outer, *(step for _, sent in self.writes for step in sent)]
            if any(_goes_on(one, self.polled) for one in functions):
                told.add(None)
            elif owner.fate.kind == "local" and level.function is not None:
                told.add("function")
            elif owner.fate.kind == "module" or level.function is None:
                once = way[0].function is None and owner.fate.kind in ("module", "local")
                told.add("script" if once and _is_script(way[0].outline, self.writes) else None)
            else:
                told.add(None)
        return told.pop() if len(told) == 1 else None

    def lasts(self, level: Level) -> bool:
        """Whether a call stands in a loop that does not end by itself."""
        return any(
            self.consumes(level.outline, loop)
            or (isinstance(loop.test, ir.Const) and bool(loop.test.value))
            for loop in level.outline.loops_around(level.call)
        )

    def bare_groups(self) -> Iterator[Span]:
        for use, way in self.uses:
            if use.method != "send_offsets_to_transaction" or not way:
                continue
            given = use.args[1] if len(use.args) > 1 else None
            for name, value in use.keywords:
                if name in _GROUP_KEYWORDS:
                    given = value
            if given is not None and _is_text(given):
                call = way[-1].call
                node = next((k.value for k in call.keywords if k.name in _GROUP_KEYWORDS), None)
                shown = node if node is not None else call.args[1] if len(call.args) > 1 else call
                yield way[-1].outline.span(shown)


_INITS = ("__init__", "__post_init__")
_GROUP_KEYWORDS = ("group_metadata", "consumer_group_id", "group_id")
_SPAWNS = frozenset(
    {"Thread", "Process", "submit", "to_thread", "run_in_executor", "create_task", "apply_async"}
    | {"start_soon", "spawn", "ensure_future", "start_new_thread"}
)
_MAPS = frozenset({"map", "imap", "imap_unordered", "starmap"})
_HANDLES: Mapping[_For, str] = {
    "request": "handles a request",
    "record": "is called with a record",
    "round": "is called again and again",
}


def nodes_at(
    writes: Sequence[tuple[Use, tuple[Level, ...]]], level: Level
) -> list[tuple[Level, Node]]:
    """The calls in the function of a level that lead to sends."""
    return [
        (step, step.call)
        for _, way in writes
        for step in way
        if step.outline is level.outline and step.function is level.function
    ]


def _ends_with(way: Sequence[Level], other: Sequence[Level]) -> bool:
    """Whether a way is a longer one that ends as another does: its callers are known."""
    behind = way[-len(other) :]
    return len(way) > len(other) and all(
        one.call is two.call for one, two in zip(behind, other, strict=True)
    )


def _steps(way: Sequence[Level]) -> tuple[Step, ...]:
    """The calls on a way, the last of which makes the producer."""
    *calls, last = way
    return (
        *(Step(one.span, f"calls {last_name(one.call.func) or 'a function'}") for one in calls),
        Step(last.span, "makes a producer here"),
    )


def _loop_span(outline: Outline, loop: ir.Loop) -> Span:
    return header(outline.path, loop)


def _up(outline: Outline, node: Node) -> Iterator[tuple[Node, Node]]:
    """What encloses an expression within its statement."""
    for holder, child in outline.around(node):
        if isinstance(holder, (ir.Function, ir.Lambda, ir.Loop, ir.If, ir.Try, ir.With, ir.Class)):
            return
        yield holder, child


def _comprehended(level: Level, node: Node) -> bool:
    return any(isinstance(one, ir.Comprehension) for one, _ in _up(level.outline, node))


def _repeats(level: Level, node: Node) -> bool:
    """Whether what is put into a container is put there again and again, or under any key."""
    parent = level.outline.parent(node)
    keyed = isinstance(parent, ir.Assign) and isinstance(parent.targets[0], ir.Subscript)
    looped = next(level.outline.loops_around(node), None) is not None
    return keyed or looped or _comprehended(level, node)


def _at_once(level: Level) -> bool:
    """Whether a call has a function run several times at once: threads, processes or tasks that are
    started in a loop or comprehension, or a pool's map()."""
    func, outline = level.call.func, level.outline
    if isinstance(func, ir.Attribute) and func.name in _MAPS:
        return True
    comprehended = _comprehended(level, level.call)
    if not comprehended and next(outline.loops_around(level.call), None) is None:
        return False
    around = {
        last_name(one.func) for one, _ in _up(outline, level.call) if isinstance(one, ir.Call)
    }
    tasks = {"create_task", "ensure_future"} | ({"gather", "wait"} if comprehended else set())
    return last_name(func) in _SPAWNS or bool(around & tasks)


def _inside(outline: Outline, node: Node, loop: ir.Loop) -> bool:
    return any(
        holder is loop and any(child is one for one in loop.body)
        for holder, child in outline.around(node)
    )


def _matters(outline: Outline, use: ir.Name) -> bool:
    """Whether a mention of the producer's name does more than give it nothing."""
    parent = outline.parent(use)
    empty = isinstance(parent, ir.Assign) and isinstance(parent.value, ir.Const)
    return not empty and not isinstance(parent, ir.Delete)


def _calls(call: ir.Call, function: ir.Function | ir.Lambda) -> bool:
    return isinstance(function, ir.Function) and last_name(call.func) == function.name


def _cached(function: ir.Function | ir.Lambda | None) -> bool:
    """Whether a decorator keeps what a function gives back."""
    if not isinstance(function, ir.Function):
        return False
    words = " ".join(dotted(one).lower() for one in function.decorators)
    return any(word in words for word in ("cache", "singleton", "memo", "fixture", "once"))


def _constructs(level: Level, constructor: str) -> bool:
    """Whether a call makes a client of a class that the library has: by its name, through
    functools.partial, or from the constructor of a subclass that adds nothing else."""
    func: Node = level.call.func
    if isinstance(func, ir.Call) and last_name(func.func) == "partial" and func.args:
        func = func.args[0]
    if last_name(func) in (constructor, _alias(level, constructor)):
        return True
    function = level.function
    cls = level.outline.owner(function) if function is not None else None
    return (
        _initialises(level.call)
        and cls is not None
        and not any(isinstance(one, ir.Function) and one is not function for one in cls.body)
    )


def _initialises(call: Node) -> bool:
    """Whether a call is `super().__init__(…)`: it makes the object itself a client."""
    func = call.func if isinstance(call, ir.Call) else None
    return (
        isinstance(func, ir.Attribute)
        and func.name == "__init__"
        and isinstance(func.base, ir.Call)
        and last_name(func.base.func) == "super"
    )


def _one_instance(cls: ir.Class | None) -> bool:
    """Whether a class may give the same object again: by a metaclass, a `__new__` of its own, or a
    decorator or base that says so."""
    if cls is None:
        return False
    words = [dotted(one).lower() for one in (*cls.decorators, *cls.bases)]
    return (
        (cls.metaclass is not None and last_name(cls.metaclass) not in ("ABCMeta", "type"))
        or any(isinstance(one, ir.Function) and one.name == "__new__" for one in cls.body)
        or any(word in one for one in words for word in ("singleton", "cache", "borg", "once"))
    )


def _alias(level: Level, constructor: str) -> str | None:
    """Another name the constructor is imported under in a file."""
    for stmt in imports(level.outline):
        if stmt.name == constructor:
            return stmt.alias
    return None


def _always(outline: Outline, node: Node) -> bool:
    """Whether a call is made whenever its function is, or its loop's round comes."""
    for holder, child in outline.around(node):
        if isinstance(holder, (ir.Function, ir.Lambda, ir.Loop)):
            return True
        if isinstance(holder, ir.If) and child is not holder.test:
            if "__name__" not in names(holder.test):
                return False
        if isinstance(holder, (ir.Handler, ir.Conditional, ir.Either)):
            return False
    return True


def _guarded(outline: Outline, owner: _Owner, until: ir.Loop | None) -> bool:
    """Whether it is made only where there is none yet: `if producer is None:`, `except
    KafkaError: producer = …`."""
    held = owner.fate.name
    for holder, child in outline.around(owner.node):
        if holder is until or isinstance(holder, (ir.Function, ir.Lambda)):
            return False
        if isinstance(holder, ir.If) and child is not holder.test:
            if held is not None and held in names(holder.test):
                return True
        if isinstance(holder, ir.Handler):
            return True
    return False


def _job(way: Sequence[Level]) -> str | None:
    """The script that a way begins in: code a module runs when it is started."""
    first = way[0]
    return first.outline.path if first.function is None else None


def _receiver(way: Sequence[Level]) -> Node:
    """What the last call of a way is a method of."""
    func = way[-1].call.func
    return func.base if isinstance(func, ir.Attribute) else func


def _has_callback(call: ir.Call, dialect: str) -> bool:
    if any(one.name in ("callback", "on_delivery", None) for one in call.keywords):
        return True
    if any(isinstance(one, ir.Star) for one in call.args):
        return True
    return dialect == "librdkafka" and len(call.args) > _CALLBACK_AT


def _looked_at(level: Level, dialect: str, method: str) -> bool:
    """Whether anything is done with what a send gives back."""
    parent, awaited = level.outline.parent(level.call), 0
    while isinstance(parent, ir.Await):
        parent, awaited = level.outline.parent(parent), awaited + 1
    if isinstance(parent, ir.Evaluate):
        return awaited > 1 or (method == "send_and_wait" and awaited > 0)
    if isinstance(parent, ir.Assign) and dialect != "librdkafka":
        kept = {name for target in parent.targets for name in names(target)}
        if kept <= {"_", "__"}:
            return False
        scope = level.function if level.function is not None else None
        body: Iterable[Node] = (scope,) if scope is not None else level.outline.module.body
        mentions = [
            one
            for stmt in body
            for one in walk(stmt)
            if isinstance(one, ir.Name) and one.id in kept
        ]
        return len(mentions) > len(parent.targets) or not all(
            isinstance(target, ir.Name) for target in parent.targets
        )
    return not isinstance(parent, ir.Assign)


def _forgotten(level: Level, dialect: str, method: str) -> bool:
    """Whether a coroutine is made and dropped: aiokafka's send() does nothing until awaited."""
    return (
        dialect == "aiokafka"
        and method in ("send", "send_and_wait")
        and isinstance(level.outline.parent(level.call), ir.Evaluate)
        and isinstance(level.function, ir.Function)
        and level.function.is_async
    )


# What keeps a program alive after it has sent, or gives the client's thread time to send.
_WAITING = frozenset(
    {"sleep", "join", "wait", "input", "run_forever", "serve", "serve_forever", "mainloop", "pause"}
    | {"start_polling", "loop_forever", "start_consuming", "run_app", "get", "result", "gather"}
    | {"wait_for", "as_completed", "shutdown"}
)


def _goes_on(level: Level, polled: Collection[tuple[str, ir.Place]]) -> bool:
    """Whether the function of a level, or its module's code, runs on for long, or waits."""
    scope: Iterable[Node]
    if level.function is not None:
        scope = (level.function,)
    else:
        scope = [
            one for one in level.outline.module.body if not isinstance(one, (ir.Function, ir.Class))
        ]
        if any(
            isinstance(one, ir.Call) and last_name(one.func) in ("run", "start", "main_loop")
            for stmt in scope
            for one in walk(stmt)
            if dotted(one) != "asyncio.run" and not _is_followed(level.outline, one)
        ):
            return True
    for stmt in scope:
        for node in walk(stmt):
            if isinstance(node, ir.Loop):
                endless = node.iter is None and not isinstance(node.test, ir.Other)
                if endless or (level.outline.path, node.place) in polled:
                    return True
            elif isinstance(node, ir.Call) and last_name(node.func) in _WAITING:
                if dotted(node.func).endswith("environ.get") or _plain_get(node):
                    continue
                if not _is_followed(level.outline, node):
                    return True
    return False


def _is_followed(outline: Outline, node: Node) -> bool:
    """Whether a call leads into a function of the project, which is looked at itself."""
    return isinstance(node, ir.Call) and node.place in outline.followed


def _plain_get(node: ir.Call) -> bool:
    """`settings.get("key")`: a lookup, not a future that is waited for."""
    return last_name(node.func) == "get" and bool(node.args) and isinstance(node.args[0], ir.Text)


def _is_script(outline: Outline, writes: Sequence[tuple[Use, tuple[Level, ...]]]) -> bool:
    """Whether everything is sent by the code a module runs when it is started, here."""
    return all(way and way[0].function is None and way[0].outline is outline for _, way in writes)


def _of_record(value: Abs, depth: int = 4) -> bool:
    """Whether a value derives from a consumed record, as far as it was followed."""
    if isinstance(value, (Rec, Comp)):
        return bool(value.sites)
    inner: Iterable[Abs] = ()
    if isinstance(value, Phi):
        inner = (one for _, one in value.branches)
    elif isinstance(value, Items):
        inner = value.items
    elif isinstance(value, Built):
        inner = (one for _, one in value.fields)
    elif isinstance(value, Foreign):
        inner = value.made_from
    return depth > 0 and any(_of_record(one, depth - 1) for one in inner)


def _topic_name(call: ir.Call) -> str:
    node = next((one.value for one in call.keywords if one.name == "topic"), None)
    if node is None and call.args:
        node = call.args[0]
    if isinstance(node, ir.Subscript):
        node = node.base
    if isinstance(node, ir.Text):
        return node.value
    return last_name(node) or ""


def _is_text(value: Abs) -> bool:
    if isinstance(value, Phi):
        return all(_is_text(one) for _, one in value.branches)
    return isinstance(value, Lit) and isinstance(value.value, str)
