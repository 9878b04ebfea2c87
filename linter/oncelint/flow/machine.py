"""The interpreter: runs the IR over abstract values, branch by branch.

It answers which values reach a client's constructor, which calls stand in a consume loop and
which way leads there. Every branch is run on its own and undone; what it changed is joined as a
choice (`Phi`), so that alternatives that belong together stay together. Whatever it cannot
follow becomes `Unk` with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from oncelint.flow import library
from oncelint.flow.modules import Modules
from oncelint.flow.trace import Execution, LoopContext, Site, Trace, Use
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
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
    Missing,
    Mod,
    Obj,
    Part,
    Phi,
    Rec,
    Ref,
    Slot,
    Super,
    Twice,
    Unk,
    phi,
)
from oncelint.formats.tree import Mapping as TreeMapping
from oncelint.formats.tree import Node, Scalar
from oncelint.formats.tree import Sequence as TreeSequence
from oncelint.model import ir
from oncelint.model.project import Step
from oncelint.model.values import Position, Span

Status: TypeAlias = 'Literal["return", "raise", "break", "continue"] | None'
Key: TypeAlias = "int | tuple[int, str]"

_DEPTH = 24
_CONTEXTS = 48
_STEPS_PER_ROOT = 150_000
_STEPS = 6_000_000
_UNROLL = 40


class _Exhausted(Exception):
    """The step budget of this root is used up."""


@dataclass(slots=True)
class _Frame:
    id: int
    parent: int | None
    path: str
    node: ir.Function | ir.Lambda | None
    owner: Ref | None = None
    bound: Abs | None = None
    globals: set[str] = field(default_factory=set)
    returns: list[tuple[tuple[str, str] | None, Abs, dict[Key, Abs | Obj]]] = field(
        default_factory=list
    )
    yields: list[Abs] = field(default_factory=list)


class Machine:
    """Runs modules and functions of one project and keeps the trace.

    `constructors` maps a library's dotted class name to itself for every client constructor;
    `document` reads a project file's tree for a literal path (None when there is none);
    `executes` tells whether a method name hands work to a database.
    """

    def __init__(
        self,
        modules: Modules,
        constructors: Mapping[str, str],
        takes_records: frozenset[str],
        executes: frozenset[str],
        executes_external: frozenset[str],
        document: Callable[[str, str], tuple[str, Node, Callable[[int, int], Span]] | None],
    ) -> None:
        self.modules = modules
        self.constructors = constructors
        self.takes_records = takes_records
        self.executes = executes
        self.executes_external = executes_external
        self.frame_depth: list[int] = []
        self.document = document
        self.trace = Trace()
        self.cells: dict[Key, Abs | Obj] = {}
        self.layers: list[dict[Key, Abs | Obj | None]] = [{}]
        self.frames: dict[int, _Frame] = {}
        self.module_frames: dict[str, int] = {}
        self.next_id = 0
        self.stack: list[_Frame] = []
        self.calls: list[tuple[At, str]] = []
        self.loops: list[LoopContext] = []
        self.jumps: list[list[tuple[tuple[str, str] | None, dict[Key, Abs | Obj]]]] = []
        self.conditions: list[tuple[str, str]] = []
        self.handlers: list[tuple[str, ...]] = []
        self.visited: set[int] = set()
        self.contexts: dict[int, int] = {}
        self.instances: dict[int, list[Ref]] = {}
        self.sites: dict[tuple[str, ir.Place, str], Site] = {}
        self.steps = 0
        self.total_steps = 0

    # Cells and branches -----------------------------------------------------------------------

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def write(self, key: Key, value: Abs | Obj) -> None:
        layer = self.layers[-1]
        if key not in layer:
            layer[key] = self.cells.get(key)
        self.cells[key] = value

    def alloc(self, obj: Obj) -> Ref:
        ref = Ref(self.new_id())
        self.write(ref.id, obj)
        return ref

    def obj(self, ref: Ref) -> Obj | None:
        found = self.cells.get(ref.id)
        return found if isinstance(found, (DictObj, ListObj, ClassObj, InstanceObj)) else None

    def undo(self) -> dict[Key, Abs | Obj]:
        """Take back the top layer; what it had changed."""
        layer = self.layers.pop()
        changes: dict[Key, Abs | Obj] = {}
        for key, old in layer.items():
            changes[key] = self.cells[key]
            if old is None:
                del self.cells[key]
            else:
                self.cells[key] = old
        return changes

    def keep(self) -> None:
        """Make the top layer's changes part of the one below."""
        layer = self.layers.pop()
        below = self.layers[-1]
        for key, old in layer.items():
            below.setdefault(key, old)

    def changed_since(self, depth: int) -> dict[Key, Abs | Obj]:
        return {key: self.cells[key] for layer in self.layers[depth:] for key in layer}

    def branch(self, choice: str, runs: Sequence[tuple[str, Callable[[], Status]]]) -> Status:
        """Run alternatives, each on the same state, and join those that go on."""
        going: list[tuple[str, dict[Key, Abs | Obj]]] = []
        statuses: list[Status] = []
        for label, run in runs:
            self.layers.append({})
            self.conditions.append((choice, label))
            status = run()
            self.conditions.pop()
            if status in ("break", "continue") and self.jumps:
                self.jumps[-1].append(((choice, label), dict(self.changed_since(-1))))
            changes = self.undo()
            statuses.append(status)
            if status is None:
                going.append((label, changes))
        if not going:
            return "return" if "return" in statuses else statuses[0]
        self.join(choice, going)
        return None

    def join(self, choice: str, going: list[tuple[str, dict[Key, Abs | Obj]]]) -> None:
        if len(going) == 1:
            for key, value in going[0][1].items():
                self.write(key, value)
            return
        keys = {key: None for _, changes in going for key in changes}
        for key in keys:
            versions = [
                (label, changes[key] if key in changes else self.cells.get(key))
                for label, changes in going
            ]
            self.write(key, self.joined(choice, versions))

    def joined(self, choice: str, versions: list[tuple[str, Abs | Obj | None]]) -> Abs | Obj:
        present = [(label, value) for label, value in versions if value is not None]
        first = present[0][1]
        if all(value is first for _, value in versions):
            return first
        if isinstance(first, DictObj):
            dicts = [(label, value) for label, value in present if isinstance(value, DictObj)]
            return join_dicts(choice, dicts)
        if isinstance(first, ListObj):
            lists = [value for _, value in present if isinstance(value, ListObj)]
            items: dict[Abs, None] = {}
            for one in lists:
                for item in one.items:
                    items[item] = None
            exact = all(one.items == lists[0].items and one.exact for one in lists)
            return ListObj(tuple(items), exact)
        if isinstance(first, InstanceObj):
            instances = [(lb, value) for lb, value in present if isinstance(value, InstanceObj)]
            names = {name: None for _, value in instances for name in value.attrs}
            attrs = {
                name: phi(
                    choice,
                    [(label, value.attrs.get(name, Missing())) for label, value in instances],
                )
                for name in names
            }
            return replace(first, attrs=attrs)
        if isinstance(first, ClassObj):
            return present[-1][1]
        values: list[tuple[str, Abs]] = []
        for label, value in versions:
            if value is None:
                values.append((label, Missing()))
            elif not isinstance(value, (DictObj, ListObj, ClassObj, InstanceObj)):
                values.append((label, value))
        return phi(choice, values)

    # Modules ----------------------------------------------------------------------------------

    def module(self, path: str) -> int | None:
        """The frame of a module, run on first use; None when it cannot be read."""
        if path in self.module_frames:
            return self.module_frames[path]
        loaded = self.modules.get(path)
        if loaded is None:
            return None
        frame = _Frame(self.new_id(), None, path, None)
        self.frames[frame.id] = frame
        self.module_frames[path] = frame.id
        saved = (
            self.layers,
            self.stack,
            self.calls,
            self.loops,
            self.jumps,
            self.conditions,
            self.handlers,
        )
        self.layers, self.stack, self.calls, self.loops = [{}], [frame], [], []
        self.jumps, self.conditions, self.handlers = [], [], []
        self.set_name("__name__", Lit("__main__"))
        self.set_name("__file__", File(path))
        try:
            self.block(loaded.body)
        finally:
            (
                self.layers,
                self.stack,
                self.calls,
                self.loops,
                self.jumps,
                self.conditions,
                self.handlers,
            ) = saved
        return frame.id

    def member(self, path: str, name: str) -> Abs | None:
        """A name of a project module or folder: what it defines, else a submodule."""
        frame = self.module(path) if path.endswith(".py") else None
        if frame is not None:
            value = self.cells.get((frame, name))
            if value is not None and not isinstance(value, _OBJECTS):
                return value
        base = path[: -len("/__init__.py")] if path.endswith("__init__.py") else path
        if not base.endswith(".py"):
            for candidate in (f"{base}/{name}/__init__.py", f"{base}/{name}.py"):
                candidate = candidate.removeprefix("/")
                if candidate in self.modules.files:
                    return Mod(candidate)
        return None

    # Roots ------------------------------------------------------------------------------------

    def run_module(self, path: str) -> None:
        self.steps = 0
        try:
            self.module(path)
        except _Exhausted:
            self.trace.abandoned.append((At(path, (1, 1, 1, 1)), "too large to follow"))
        except RecursionError:
            self.trace.abandoned.append((At(path, (1, 1, 1, 1)), "nested too deeply to follow"))
        self._settle()

    def run_unreached(self, path: str) -> None:
        """Run what no call reached, with unknown arguments: functions nobody names first."""
        frame_id = self.module_frames.get(path)
        module = self.modules.get(path)
        if frame_id is None or module is None:
            return
        pending = list(self.definitions(module.body, frame_id, None))
        named = _names_called(module.body)
        for only_roots in (True, False):
            for fn in pending:
                if id(fn.node) in self.visited:
                    continue
                name = fn.node.name if isinstance(fn.node, ir.Function) else ""
                if only_roots and name in named:
                    continue
                self.run_root(fn)

    def run_root(self, fn: Fn) -> None:
        self.steps = 0
        frame = self.frames[self.module_frames[fn.path]]
        self.stack = [frame]
        self.layers.append({})
        try:
            if fn.owner is not None and not self._is_static(fn):
                for bound in self.representatives(fn.owner):
                    self.call_function(replace(fn, bound=bound), [], [], At(fn.path, fn.node.place))
            else:
                self.call_function(fn, [], [], At(fn.path, fn.node.place), standalone=True)
        except _Exhausted:
            self.trace.abandoned.append((At(fn.path, fn.node.place), "too large to follow"))
        except RecursionError:
            self.trace.abandoned.append((At(fn.path, fn.node.place), "nested too deeply to follow"))
        self._settle()

    def _settle(self) -> None:
        self.total_steps += self.steps
        self.layers = [{}]
        self.stack, self.calls, self.loops, self.jumps = [], [], [], []
        self.conditions, self.handlers = [], []

    @property
    def exhausted(self) -> bool:
        return self.total_steps > _STEPS

    def _is_static(self, fn: Fn) -> bool:
        return isinstance(fn.node, ir.Function) and any(
            isinstance(item, ir.Name) and item.id == "staticmethod" for item in fn.node.decorators
        )

    def representatives(self, owner: Ref) -> list[Abs]:
        """Instances to run a method on: those the project makes, else one made blindly."""
        known = [ref for ref in self.instances.get(owner.id, []) if self.obj(ref) is not None]
        if known:
            return list(known[:2])
        return [self.instantiate(owner, [], [], At("", (1, 1, 1, 1)), standalone=True)]

    def definitions(self, body: Iterable[ir.Stmt], frame: int, owner: Ref | None) -> Iterable[Fn]:
        for stmt in body:
            if isinstance(stmt, ir.Function):
                path = self.frames[frame].path
                yield Fn(path, stmt, frame, None, owner)
            elif isinstance(stmt, ir.Class):
                value = self.cells.get((frame, stmt.name))
                if isinstance(value, Ref) and isinstance(self.obj(value), ClassObj):
                    yield from self.definitions(stmt.body, frame, value)
            elif isinstance(stmt, ir.If):
                yield from self.definitions(stmt.body, frame, owner)
                yield from self.definitions(stmt.orelse, frame, owner)
            elif isinstance(stmt, ir.Try):
                yield from self.definitions(stmt.body, frame, owner)

    # Names ------------------------------------------------------------------------------------

    @property
    def frame(self) -> _Frame:
        return self.stack[-1]

    def set_name(self, name: str, value: Abs) -> None:
        frame = self.frame
        target = frame.id
        if name in frame.globals:
            target = self.module_frames.get(frame.path, frame.id)
        self.write((target, name), value)

    def get_name(self, name: str, at: At) -> Abs:
        frame: _Frame | None = self.frame
        if frame is not None and name in frame.globals:
            frame = self.frames.get(self.module_frames.get(frame.path, frame.id))
        while frame is not None:
            value = self.cells.get((frame.id, name))
            if value is not None and not isinstance(value, _OBJECTS):
                return value
            frame = self.frames.get(frame.parent) if frame.parent is not None else None
        if name in library.BUILTINS:
            return Ext("builtins." + name)
        return Unk(f"the name {name} is not defined where it can be seen", at)

    # Statements -------------------------------------------------------------------------------

    def block(self, body: Iterable[ir.Stmt]) -> Status:
        for stmt in body:
            status = self.statement(stmt)
            if status is not None:
                return status
        return None

    def statement(self, stmt: ir.Stmt) -> Status:
        self.tick()
        if isinstance(stmt, ir.Evaluate):
            self.eval(stmt.value)
            return "raise" if self.leaves_process(stmt.value) else None
        if isinstance(stmt, ir.Assign):
            return self.do_assign(stmt)
        if isinstance(stmt, ir.If):
            return self.do_if(stmt)
        if isinstance(stmt, ir.Return):
            value = self.eval(stmt.value) if stmt.value is not None else Lit(None)
            self.give_back(value)
            return "return"
        if isinstance(stmt, ir.Loop):
            return self.do_loop(stmt)
        if isinstance(stmt, ir.Try):
            return self.do_try(stmt)
        if isinstance(stmt, ir.With):
            return self.do_with(stmt)
        if isinstance(stmt, ir.Function):
            value = Fn(self.frame.path, stmt, self.frame.id, None, None)
            self.set_name(stmt.name, self.decorated(stmt, value))
            return None
        if isinstance(stmt, ir.Class):
            self.do_class(stmt)
            return None
        if isinstance(stmt, ir.Import):
            self.do_import(stmt)
            return None
        if isinstance(stmt, ir.Augment):
            self.do_augment(stmt)
            return None
        if isinstance(stmt, ir.Raise):
            if stmt.value is not None:
                self.eval(stmt.value)
            return "raise"
        if isinstance(stmt, ir.Jump):
            return "break" if stmt.kind == "break" else "continue"
        if isinstance(stmt, ir.Delete):
            for target in stmt.targets:
                self.delete(target)
            return None
        if isinstance(stmt, ir.Match):
            self.eval(stmt.subject)
            runs = [
                (f"case {number}", self._case(names, body))
                for number, (names, body) in enumerate(stmt.cases, 1)
            ]
            runs.append(("no case", lambda: None))
            return self.branch(self.choice("match", stmt.place), runs)
        if isinstance(stmt, ir.Scope):
            if stmt.is_global:
                self.frame.globals.update(stmt.names)
            return None
        return None

    def _case(self, names: tuple[str, ...], body: tuple[ir.Stmt, ...]) -> Callable[[], Status]:
        def run() -> Status:
            for name in names:
                self.set_name(name, Unk("bound by a match pattern"))
            return self.block(body)

        return run

    def leaves_process(self, value: ir.Expr) -> bool:
        if not isinstance(value, ir.Call):
            return False
        func = value.func
        return (
            isinstance(func, ir.Attribute)
            and isinstance(func.base, ir.Name)
            and (func.base.id, func.name) in (("sys", "exit"), ("os", "_exit"))
        ) or (isinstance(func, ir.Name) and func.id in ("exit", "quit"))

    def give_back(self, value: Abs) -> None:
        condition = self.conditions[-1] if self.conditions else None
        depth = self.frame_depth[-1] if self.frame_depth else 0
        self.frame.returns.append((condition, value, self.changed_since(depth)))

    def do_assign(self, stmt: ir.Assign) -> Status:
        if stmt.value is None:
            return None
        value = self.eval(stmt.value)
        for target in stmt.targets:
            self.bind(target, value)
        return None

    def bind(self, target: ir.Expr, value: Abs) -> None:
        if isinstance(target, ir.Name):
            self.set_name(target.id, value)
        elif isinstance(target, ir.Attribute):
            self.set_attribute(self.eval(target.base), target.name, value)
        elif isinstance(target, ir.Subscript):
            base = self.eval(target.base)
            key = self.eval(target.key)
            self.set_item(base, key, value, self.at(target.key.place))
        elif isinstance(target, ir.ListDisplay):
            items = self.elements(value)
            exact = items is not None and len(items) == len(target.items)
            starred = any(isinstance(item, ir.Star) for item in target.items)
            for index, item in enumerate(target.items):
                if exact and not starred and items is not None:
                    self.bind(item, items[index])
                else:
                    self.bind(item, self.element_of(value))
        elif isinstance(target, ir.Star):
            self.bind(target.value, value)

    def set_attribute(self, base: Abs, name: str, value: Abs) -> None:
        if isinstance(base, Ref):
            obj = self.obj(base)
            if isinstance(obj, (InstanceObj, ClassObj)):
                self.write(base.id, replace(obj, attrs={**obj.attrs, name: value}))
        elif isinstance(base, Phi):
            for _, one in base.branches:
                self.set_attribute(one, name, value)
        elif isinstance(base, Mod) and base.path in self.module_frames:
            self.write((self.module_frames[base.path], name), value)

    def set_item(self, base: Abs, key: Abs, value: Abs, key_at: At) -> None:
        if isinstance(base, Phi):
            for _, one in base.branches:
                self.set_item(one, key, value, key_at)
            return
        if not isinstance(base, Ref):
            return
        obj = self.obj(base)
        if isinstance(obj, DictObj):
            if isinstance(key, Lit) and isinstance(key.value, str):
                slots = {**obj.slots, key.value: Slot(value, key_at)}
                self.write(base.id, replace(obj, slots=slots))
            elif isinstance(key, Phi) and all(
                isinstance(one, Lit) and isinstance(one.value, str) for _, one in key.branches
            ):
                self.branch(
                    key.choice,
                    [
                        (label, lambda one=one: self._set_one(base, one, value, key_at))  # type: ignore[misc]
                        for label, one in key.branches
                    ],
                )
            elif isinstance(key, (Unk, Rec, Comp)):
                self.write(base.id, replace(obj, open="an entry whose key is not known"))
        elif isinstance(obj, ListObj):
            self.write(base.id, ListObj((*obj.items, value), False))

    def _set_one(self, base: Abs, key: Abs, value: Abs, key_at: At) -> Status:
        self.set_item(base, key, value, key_at)
        return None

    def delete(self, target: ir.Expr) -> None:
        if isinstance(target, ir.Subscript):
            base, key = self.eval(target.base), self.eval(target.key)
            if isinstance(base, Ref) and isinstance(key, Lit) and isinstance(key.value, str):
                self.remove_item(base, key.value)

    def remove_item(self, base: Ref, key: str) -> None:
        obj = self.obj(base)
        if isinstance(obj, DictObj) and key in obj.slots:
            slots = {name: slot for name, slot in obj.slots.items() if name != key}
            self.write(base.id, replace(obj, slots=slots))

    def do_augment(self, stmt: ir.Augment) -> None:
        value = self.eval(stmt.value)
        current = self.eval(stmt.target)
        if stmt.op == "|":
            merged = self.deref_dict(value)
            if isinstance(current, Ref) and merged is not None:
                self.update_dict(current, merged)
                return
        if stmt.op == "+" and isinstance(current, Ref) and isinstance(self.obj(current), ListObj):
            obj = self.obj(current)
            extra = self.elements(value)
            if isinstance(obj, ListObj):
                items = (*obj.items, *(extra or (self.element_of(value),)))
                self.write(current.id, ListObj(items, obj.exact and extra is not None))
            return
        result: Abs
        if self.loops and isinstance(current, Lit) and not isinstance(current.value, str):
            result = Unk("counted in a loop", self.at(stmt.place))
        else:
            result = library.binary(self, stmt.op, current, value, self.at(stmt.place))
        self.bind(stmt.target, result)

    def choice(self, what: str, place: ir.Place) -> str:
        return f"the {what} at {self.frame.path}:{place[0]}"

    def do_if(self, stmt: ir.If) -> Status:
        test = self.eval(stmt.test)
        verdict = self.truth(test)
        if verdict is True:
            return self.block(stmt.body)
        if verdict is False:
            return self.block(stmt.orelse)
        if isinstance(test, Phi):
            runs: list[tuple[str, Callable[[], Status]]] = []
            for label, value in test.branches:
                one = self.truth(value)
                if one is None:
                    break
                body = stmt.body if one else stmt.orelse
                runs.append((label, lambda body=body: self.block(body)))  # type: ignore[misc]
            else:
                return self.branch(test.choice, runs)
        return self.branch(
            self.choice("condition", stmt.place),
            [
                ("true", lambda: self.block(stmt.body)),
                ("false", lambda: self.block(stmt.orelse)),
            ],
        )

    def do_loop(self, stmt: ir.Loop) -> Status:
        source: Abs | None = self.eval(stmt.iter) if stmt.iter is not None else None
        if source is not None and stmt.target is not None:
            items = self.exact_items(source)
            if items is not None and len(items) <= _UNROLL:
                return self.unrolled(stmt, items)
        context = LoopContext(self.at(stmt.place))
        self.loops.append(context)
        endless = (
            stmt.test is not None and isinstance(stmt.test, ir.Const) and bool(stmt.test.value)
        )
        if stmt.test is not None:
            self.eval(stmt.test)
        if source is not None and stmt.target is not None:
            for site in self.record_sites(source):
                context.consumers.setdefault(
                    site, self.at(stmt.iter.place if stmt.iter else stmt.place)
                )
            self.bind(stmt.target, self.element_of(source))
        self.jumps.append([])
        status: Status = None

        def run() -> Status:
            return self.block(stmt.body)

        if endless:
            self.layers.append({})
            self.conditions.append((self.choice("loop", stmt.place), "runs"))
            status = run()
            self.conditions.pop()
            self.keep()
        else:
            status = self.branch(
                self.choice("loop", stmt.place), [("runs", run), ("does not run", lambda: None)]
            )
        self.settle_jumps()
        self.loops.pop()
        if stmt.orelse:
            self.block(stmt.orelse)
        if endless and status in ("return", "raise"):
            return status
        return None

    def settle_jumps(self) -> None:
        """Join what branches that left the loop body early had changed."""
        for condition, changes in self.jumps.pop():
            if condition is None or not changes:
                continue
            choice, label = condition
            current = {key: self.cells[key] for key in changes if key in self.cells}
            self.join(choice, [(label, changes), ("otherwise", current)])

    def unrolled(self, stmt: ir.Loop, items: Sequence[Abs]) -> Status:
        self.jumps.append([])
        self.loops.append(LoopContext(self.at(stmt.place)))
        status: Status = None
        for item in items:
            if stmt.target is not None:
                self.bind(stmt.target, item)
            status = self.block(stmt.body)
            if status in ("break", "return", "raise"):
                break
        self.loops.pop()
        self.settle_jumps()
        return status if status in ("return", "raise") else None

    def do_try(self, stmt: ir.Try) -> Status:
        names = tuple(
            name for handler in stmt.handlers for name in (self.caught(handler) or ("*",))
        )
        self.handlers.append(names)
        choice = self.choice("try", stmt.place)

        def run() -> Status:
            status = self.block(stmt.body)
            self.handlers.pop()
            return status if status is not None else self.block(stmt.orelse)

        only_imports = all(
            isinstance(inner, (ir.Import, ir.Assign, ir.Try)) for inner in stmt.body
        ) and any(isinstance(inner, ir.Import) for inner in stmt.body)
        handlers = [] if only_imports else list(stmt.handlers)
        before = len(self.handlers)
        if not handlers:
            status = run()
        else:
            runs: list[tuple[str, Callable[[], Status]]] = [("succeeds", run)]
            runs.extend(
                (
                    f"fails with {' or '.join(self.caught(handler) or ('any exception',))}",
                    self._handler(handler, stmt.body),
                )
                for handler in handlers
            )
            status = self.branch(choice, runs)
        del self.handlers[before - 1 :]
        if stmt.final:
            final = self.block(stmt.final)
            if final is not None:
                return final
        return status

    def _handler(self, handler: ir.Handler, body: tuple[ir.Stmt, ...]) -> Callable[[], Status]:
        def run() -> Status:
            if handler.name:
                self.set_name(handler.name, Unk("an exception"))
            return self.block(handler.body)

        return run

    def caught(self, handler: ir.Handler) -> tuple[str, ...]:
        names = []
        for kind in handler.types:
            value = self.eval(kind)
            if isinstance(value, Ext):
                names.append(value.name.removeprefix("builtins."))
            elif isinstance(value, Foreign):
                names.append(value.path)
            else:
                names.append(kind.name if isinstance(kind, ir.Attribute) else "an exception")
        return tuple(names)

    def do_with(self, stmt: ir.With) -> Status:
        for expr, target in stmt.items:
            value = self.enter(self.eval(expr), self.at(expr.place))
            if target is not None:
                self.bind(target, value)
        return self.block(stmt.body)

    def enter(self, value: Abs, at: At) -> Abs:
        """What `with value as x` binds."""
        if isinstance(value, Ref):
            obj = self.obj(value)
            if isinstance(obj, ListObj) and obj.generated and obj.items:
                return obj.items[0]
            if isinstance(obj, InstanceObj):
                for name in ("__enter__", "__aenter__"):
                    method = self.find_method(value, name)
                    if method is not None:
                        return self.call(method, [], [], at)
        if isinstance(value, Foreign) and value.path == "contextlib.closing()" and value.made_from:
            return value.made_from[0]
        return value

    def decorated(self, stmt: ir.Function, value: Abs) -> Abs:
        for decorator in stmt.decorators:
            self.eval(decorator)
        return value

    def do_class(self, stmt: ir.Class) -> None:
        bases = tuple(self.eval(base) for base in stmt.bases)
        for decorator in stmt.decorators:
            self.eval(decorator)
        frame = _Frame(self.new_id(), self.frame.id, self.frame.path, None)
        self.frames[frame.id] = frame
        self.stack.append(frame)
        annotations: list[str] = []
        for inner in stmt.body:
            if isinstance(inner, ir.Assign) and inner.annotation is not None:
                annotations.extend(t.id for t in inner.targets if isinstance(t, ir.Name))
            self.statement(inner)
        self.stack.pop()
        names = _bound_names(stmt.body)
        attrs: dict[str, Abs] = {}
        ref = Ref(self.new_id())
        for name in names:
            value = self.cells.get((frame.id, name))
            if value is None or isinstance(value, _OBJECTS):
                continue
            if isinstance(value, Fn):
                value = replace(value, owner=ref, frame=self.frame.id)
            attrs[name] = value
        self.write(
            ref.id,
            ClassObj(stmt.name, self.frame.path, stmt, bases, attrs, tuple(annotations)),
        )
        self.set_name(stmt.name, ref)

    def do_import(self, stmt: ir.Import) -> None:
        if stmt.name is None:
            top = stmt.module.partition(".")[0]
            path = self.modules.resolve(self.frame.path, top)
            if path is not None and self.modules.resolve(self.frame.path, stmt.module) is None:
                path = None
            self.set_name(stmt.alias, Mod(path) if path is not None else Ext(top))
            return
        path = self.modules.resolve(self.frame.path, stmt.module)
        if stmt.name == "":
            self.set_name(stmt.alias, Mod(path) if path is not None else Ext(stmt.module))
            return
        if stmt.name == "*":
            if path is not None and path.endswith(".py"):
                frame = self.module(path)
                module = self.modules.get(path)
                if frame is not None and module is not None:
                    for name in _bound_names(module.body):
                        cell = self.cells.get((frame, name))
                        if cell is not None and not isinstance(cell, _OBJECTS):
                            self.set_name(name, cell)
            else:
                for name in library.exports(stmt.module, self.constructors):
                    self.set_name(name, Ext(f"{stmt.module}.{name}"))
            return
        value: Abs | None = None
        if path is not None:
            value = self.member(path, stmt.name)
            if value is None and path.endswith(".py") and stmt.module.startswith("."):
                value = Unk(f"{stmt.name} is not found in {path}", self.at(stmt.place))
        if value is None:
            dotted = stmt.module.lstrip(".")
            value = Ext(f"{dotted}.{stmt.name}" if dotted else stmt.name)
        self.set_name(stmt.alias, value)

    # Expressions ------------------------------------------------------------------------------

    def tick(self) -> None:
        self.steps += 1
        if self.steps > _STEPS_PER_ROOT or self.total_steps > _STEPS:
            raise _Exhausted

    def at(self, place: ir.Place) -> At:
        return At(self.frame.path, place)

    def eval(self, node: ir.Expr) -> Abs:
        self.tick()
        if isinstance(node, ir.Const):
            return Lit(node.value, self.at(node.place))
        if isinstance(node, ir.Text):
            return Lit(node.value, self.at(node.place), node.pieces)
        if isinstance(node, ir.Name):
            return self.get_name(node.id, self.at(node.place))
        if isinstance(node, ir.Attribute):
            return self.attribute(self.eval(node.base), node.name, self.at(node.place))
        if isinstance(node, ir.Call):
            return self.do_call(node)
        if isinstance(node, ir.Dict):
            return self.do_dict(node)
        if isinstance(node, ir.ListDisplay):
            items: list[Abs] = []
            exact = True
            for item in node.items:
                value = self.eval(item)
                if isinstance(item, ir.Star):
                    inner = self.elements(value)
                    exact = exact and inner is not None
                    items.extend(inner or ())
                else:
                    items.append(value)
            return self.alloc(ListObj(tuple(items), exact))
        if isinstance(node, ir.Subscript):
            return self.item(self.eval(node.base), self.eval(node.key), self.at(node.place))
        if isinstance(node, ir.Format):
            return library.format_parts(
                self, [self.eval(p) for p in node.parts], self.at(node.place)
            )
        if isinstance(node, ir.Binary):
            left, right = self.eval(node.left), self.eval(node.right)
            return library.binary(self, node.op, left, right, self.at(node.place))
        if isinstance(node, ir.Either):
            return self.do_either(node)
        if isinstance(node, ir.Conditional):
            return self.do_conditional(node)
        if isinstance(node, (ir.Await, ir.Star)):
            return self.eval(node.value)
        if isinstance(node, ir.Yield):
            value = self.eval(node.value) if node.value is not None else Lit(None)
            if node.delegates:
                self.frame.yields.extend(self.elements(value) or (self.element_of(value),))
            else:
                self.frame.yields.append(value)
            return Unk("sent into a generator", self.at(node.place))
        if isinstance(node, ir.Lambda):
            return Fn(self.frame.path, node, self.frame.id)
        if isinstance(node, ir.Comprehension):
            return self.do_comprehension(node)
        if isinstance(node, ir.Walrus):
            value = self.eval(node.value)
            self.set_name(node.name, value)
            return value
        values = [self.eval(part) for part in node.parts]
        if node.kind == "not" and values:
            verdict = self.truth(values[0])
            if verdict is not None:
                return Lit(not verdict, self.at(node.place))
            if isinstance(values[0], Phi):
                return self.over(values[0], lambda one: library.negate(self, one))
        return self.derived(values, "a computed value", self.at(node.place))

    def over(self, value: Abs, change: Callable[[Abs], Abs]) -> Abs:
        """Apply a change without side effects to every branch of a choice."""
        if isinstance(value, Phi):
            return phi(value.choice, [(lb, self.over(one, change)) for lb, one in value.branches])
        return change(value)

    def derived(self, values: Iterable[Abs], what: str, at: At) -> Abs:
        """The result of something not modelled: a record's data stays a record's data."""
        sites = frozenset(site for value in values for site in self.record_sites(value))
        if sites:
            return Rec(sites, "derived")
        return Unk(what, at)

    def record_sites(self, value: Abs, depth: int = 0) -> frozenset[int]:
        """The consumers whose records a value derives from, looking into containers."""
        if isinstance(value, Rec):
            return value.sites
        if isinstance(value, Foreign):
            return frozenset(
                s for one in value.made_from for s in self.record_sites(one, depth + 1)
            )
        if depth > 4:
            return frozenset()
        if isinstance(value, Phi):
            return frozenset(s for _, v in value.branches for s in self.record_sites(v, depth + 1))
        if isinstance(value, Ref):
            obj = self.obj(value)
            inner: Iterable[Abs] = ()
            if isinstance(obj, DictObj):
                inner = [slot.value for slot in obj.slots.values()]
            elif isinstance(obj, ListObj):
                inner = obj.items
            elif isinstance(obj, InstanceObj):
                inner = [one for one in obj.attrs.values() if not isinstance(one, Ref) or depth < 2]
            return frozenset(s for one in inner for s in self.record_sites(one, depth + 1))
        if isinstance(value, KafkaClient) and depth == 0:
            site = self.trace.sites[value.site]
            return (
                frozenset((value.site,)) if site.constructor in self.takes_records else frozenset()
            )
        return frozenset()

    def truth(self, value: Abs) -> bool | None:
        if isinstance(value, Lit):
            return bool(value.value)
        if isinstance(value, Ref):
            obj = self.obj(value)
            if isinstance(obj, DictObj):
                if obj.slots and not any(_may_be_missing(s.value) for s in obj.slots.values()):
                    return True
                return False if not obj.slots and obj.open is None and not obj.environment else None
            if isinstance(obj, ListObj):
                return bool(obj.items) if obj.exact else None
            return True
        if isinstance(value, (KafkaClient, Fn, Mod, Part)):
            return True
        if isinstance(value, Phi):
            verdicts = {self.truth(one) for _, one in value.branches}
            return verdicts.pop() if len(verdicts) == 1 else None
        return None

    def do_dict(self, node: ir.Dict) -> Abs:
        result = DictObj({})
        twice: list[Twice] = []
        own: dict[str, At] = {}
        for key_node, value_node in node.items:
            value = self.eval(value_node)
            if key_node is None:
                inner = self.deref_dict(value)
                result = (
                    merge_dicts(result, inner)
                    if inner is not None
                    else replace(result, open=result.open or f"**{describe(value)}")
                )
                continue
            key = self.eval(key_node)
            key_at = self.at(key_node.place)
            if isinstance(key, Lit) and isinstance(key.value, str):
                if key.value in own:
                    twice.append(Twice(key.value, own[key.value], key_at))
                own[key.value] = key_at
                slots = {**result.slots, key.value: Slot(value, key_at)}
                result = replace(result, slots=slots)
            elif not isinstance(key, Lit):
                result = replace(result, open=result.open or "an entry whose key is not known")
        return self.alloc(replace(result, twice=(*result.twice, *twice)))

    def deref_dict(self, value: Abs) -> DictObj | None:
        """The dict a value is, choices joined entry by entry; None when it is none."""
        if isinstance(value, Ref):
            obj = self.obj(value)
            if isinstance(obj, DictObj):
                return obj
            return None
        if isinstance(value, Phi):
            found: list[tuple[str, DictObj]] = []
            for label, one in value.branches:
                inner = self.deref_dict(one)
                if inner is None and isinstance(one, Lit) and one.value is None:
                    inner = DictObj({})
                if inner is None:
                    inner = DictObj({}, open=describe(one))
                found.append((label, inner))
            return join_dicts(value.choice, found)
        return None

    def do_either(self, node: ir.Either) -> Abs:
        value = self.eval(node.values[0])
        for index, other in enumerate(node.values[1:]):
            place = node.values[index].place
            value = self._either(node.op, value, other, place)
        return value

    def _either(self, op: str, value: Abs, other: ir.Expr, place: ir.Place) -> Abs:
        verdict = self.truth(value)
        if verdict is not None:
            return value if verdict == (op == "or") else self.eval(other)
        if isinstance(value, Phi):
            return phi(
                value.choice,
                [(label, self._either(op, one, other, place)) for label, one in value.branches],
            )
        if isinstance(value, Rec):
            self.eval(other)
            return value
        second = self.eval(other)
        if op == "and":
            return self.derived((value, second), "depends on a condition", self.at(place))
        return phi(self.choice("left side of or", place), [("used", value), ("empty", second)])

    def do_conditional(self, node: ir.Conditional) -> Abs:
        test = self.eval(node.test)
        verdict = self.truth(test)
        if verdict is not None:
            return self.eval(node.body if verdict else node.orelse)
        body, orelse = self.eval(node.body), self.eval(node.orelse)
        if isinstance(test, Phi):
            picked = [(label, self.truth(one)) for label, one in test.branches]
            if all(one is not None for _, one in picked):
                return phi(test.choice, [(label, body if one else orelse) for label, one in picked])
        return phi(self.choice("condition", node.place), [("true", body), ("false", orelse)])

    def do_comprehension(self, node: ir.Comprehension) -> Abs:
        sources = [self.eval(source) for _, source in node.clauses]
        items = self.exact_items(sources[0]) if len(sources) == 1 else None
        if items is not None and len(items) <= _UNROLL:
            return self.unrolled_comprehension(node, items)
        for (target, _), source in zip(node.clauses, sources, strict=True):
            self.bind(target, self.element_of(source))
        for test in node.tests:
            self.eval(test)
        element = self.eval(node.element)
        if node.kind == "dict":
            value = self.eval(node.value) if node.value is not None else Lit(None)
            sites = self.record_sites(value)
            slots = {"": Slot(Rec(sites), None)} if sites else {}
            return self.alloc(DictObj(slots, open="entries computed in a comprehension"))
        return self.alloc(ListObj((element,), False))

    def unrolled_comprehension(self, node: ir.Comprehension, items: Sequence[Abs]) -> Abs:
        values: list[Abs] = []
        result = DictObj({})
        exact = True
        for item in items:
            self.bind(node.clauses[0][0], item)
            verdicts = [self.truth(self.eval(test)) for test in node.tests]
            if False in verdicts:
                continue
            element = self.eval(node.element)
            if node.kind != "dict":
                exact = exact and None not in verdicts
                values.append(element)
                continue
            value = self.eval(node.value) if node.value is not None else Lit(None)
            if isinstance(element, Lit) and isinstance(element.value, str):
                if None in verdicts:
                    choice = self.choice(f"filter for {element.value}", node.place)
                    value = phi(choice, [("keeps it", value), ("drops it", Missing())])
                slot = Slot(value, element.at or self.at(node.place))
                result = replace(result, slots={**result.slots, element.value: slot})
            else:
                result = replace(result, open="an entry whose key is not known")
        if node.kind == "dict":
            return self.alloc(result)
        return self.alloc(ListObj(tuple(values), exact))

    # Containers -------------------------------------------------------------------------------

    def elements(self, value: Abs) -> tuple[Abs, ...] | None:
        """The elements of an exact list; None for anything else."""
        if isinstance(value, Ref):
            obj = self.obj(value)
            if isinstance(obj, ListObj) and obj.exact:
                return obj.items
        return None

    def exact_items(self, value: Abs) -> tuple[Abs, ...] | None:
        """What iterating over a value gives, when that is certain."""
        if isinstance(value, Ref):
            obj = self.obj(value)
            if isinstance(obj, DictObj):
                if obj.open or obj.environment:
                    return None
                if any(_may_be_missing(slot.value) for slot in obj.slots.values()):
                    return None
                return tuple(Lit(key, slot.key_at) for key, slot in obj.slots.items())
        return self.elements(value)

    def element_of(self, value: Abs) -> Abs:
        """One element of a value that is iterated over."""
        if isinstance(value, Rec):
            return value
        if isinstance(value, KafkaClient):
            sites = self.record_sites(value)
            return Rec(sites) if sites else Unk("an element of a client")
        if isinstance(value, Phi):
            return self.over(value, self.element_of)
        if isinstance(value, Ref):
            obj = self.obj(value)
            if isinstance(obj, ListObj) and obj.items:
                sites = self.record_sites(value)
                if len(obj.items) == 1:
                    return obj.items[0]
                return Rec(sites) if sites else Unk("one of several elements")
            if isinstance(obj, InstanceObj):
                for name in ("__iter__", "__aiter__"):
                    method = self.find_method(value, name)
                    if method is not None:
                        got = self.call(method, [], [], At("", (1, 1, 1, 1)))
                        if got != value:
                            return self.element_of(got)
                for name in ("__next__", "__anext__"):
                    method = self.find_method(value, name)
                    if method is not None:
                        return self.call(method, [], [], At("", (1, 1, 1, 1)))
                if obj.client is not None:
                    return self.element_of(obj.client)
        sites = self.record_sites(value)
        return Rec(sites) if sites else Unk("an element")

    def item(self, base: Abs, key: Abs, at: At) -> Abs:
        if isinstance(base, Phi):
            return self.over(base, lambda one: self.item(one, key, at))
        if isinstance(base, Rec):
            return Rec(base.sites, "derived")
        if isinstance(base, Ref):
            obj = self.obj(base)
            if isinstance(obj, DictObj):
                if isinstance(key, Lit) and isinstance(key.value, str):
                    slot = obj.slots.get(key.value)
                    if obj.environment:
                        return library.environment(key.value, None, at)
                    if slot is not None:
                        return slot.value
                    return Unk(obj.open or f"no entry {key.value}", at)
                return self.derived([base], "an entry whose key is not known", at)
            if isinstance(obj, ListObj):
                if isinstance(key, Lit) and isinstance(key.value, int) and obj.exact:
                    try:
                        return obj.items[key.value]
                    except IndexError:
                        return Unk("no such element", at)
                return self.element_of(base)
            if isinstance(obj, InstanceObj):
                method = self.find_method(base, "__getitem__")
                if method is not None:
                    return self.call(method, [key], [], at)
        if isinstance(base, Foreign):
            return Foreign(f"{base.path}[]", (*base.made_from, key), at)
        if isinstance(base, Ext) and base.name == "os.environ":
            name = key.value if isinstance(key, Lit) else None
            return library.environment(name if isinstance(name, str) else "?", None, at)
        return self.derived([base], "an item of something unknown", at)

    def update_dict(self, target: Ref, other: DictObj) -> None:
        obj = self.obj(target)
        if isinstance(obj, DictObj):
            self.write(target.id, merge_dicts(obj, other))

    def open_dict(self, value: Abs, reason: str) -> None:
        """Something out of sight may have changed a dict."""
        if isinstance(value, Ref):
            obj = self.obj(value)
            if isinstance(obj, DictObj):
                self.write(value.id, replace(obj, open=obj.open or reason))
        elif isinstance(value, Phi):
            for _, one in value.branches:
                self.open_dict(one, reason)

    # Attributes -------------------------------------------------------------------------------

    def attribute(self, base: Abs, name: str, at: At) -> Abs:
        if isinstance(base, Phi):
            return self.over(base, lambda one: self.attribute(one, name, at))
        if isinstance(base, Ref):
            obj = self.obj(base)
            if isinstance(obj, InstanceObj):
                return self.instance_attribute(base, obj, name, at)
            if isinstance(obj, ClassObj):
                found = self.class_attribute(base, name)
                if found is not None:
                    if isinstance(found, Fn) and self.is_class_method(found):
                        return replace(found, bound=base)
                    return found
                for outer in self.bases_of(base):
                    if isinstance(outer, (Ext, Foreign)):
                        prefix = outer.name if isinstance(outer, Ext) else outer.path
                        return Foreign(f"{prefix}.{name}", (base,), at)
                return Unk(f"{obj.name} has no {name}", at)
            return Bound(base, name, at)
        if isinstance(base, Mod):
            found = self.member(base.path, name)
            return found if found is not None else Unk(f"{base.path} has no {name}", at)
        if isinstance(base, Ext):
            return library.external_attribute(base, name, at)
        if isinstance(base, Rec):
            return Rec(base.sites, "derived")
        if isinstance(base, Super):
            return self.super_attribute(base, name, at)
        if isinstance(base, Foreign):
            known = library.foreign_attribute(base, name, at)
            return known if known is not None else Bound(base, name, at)
        if isinstance(base, Unk):
            return Bound(base, name, at)
        return Bound(base, name, at)

    def instance_attribute(self, base: Ref, obj: InstanceObj, name: str, at: At) -> Abs:
        if name in obj.attrs and not isinstance(obj.attrs[name], Missing):
            return obj.attrs[name]
        found = self.class_attribute(obj.cls, name)
        if found is not None:
            if isinstance(found, Fn) and isinstance(found.node, ir.Function):
                if self._is_static(found):
                    return replace(found, bound=None)
                if self.is_class_method(found):
                    return replace(found, bound=obj.cls)
                bound = replace(found, bound=base)
                if self.is_property(found):
                    return self.call_function(bound, [], [], at)
                return bound
            if self.is_settings(obj.cls):
                return library.setting_default(name, found, at)
            return found
        if name == "__class__":
            return obj.cls
        if obj.client is not None:
            return Bound(obj.client, name, at)
        if name == "__dict__":
            return self.alloc(
                DictObj({key: Slot(value, None) for key, value in obj.attrs.items()}, open=obj.open)
            )
        for outer in self.bases_of(obj.cls):
            if isinstance(outer, (Ext, Foreign)):
                prefix = outer.name if isinstance(outer, Ext) else outer.path
                return Bound(Foreign(f"{prefix}()", (base,), at), name, at)
        return Unk(f"attribute {name} is not set where it can be seen", at)

    def class_attribute(self, cls: Ref, name: str, depth: int = 0) -> Abs | None:
        obj = self.obj(cls)
        if not isinstance(obj, ClassObj) or depth > 8:
            return None
        if name in obj.attrs:
            return obj.attrs[name]
        for base in obj.bases:
            if isinstance(base, Ref):
                found = self.class_attribute(base, name, depth + 1)
                if found is not None:
                    return found
        return None

    def bases_of(self, cls: Ref, depth: int = 0) -> list[Abs]:
        """All bases, nearest first, project classes and others."""
        obj = self.obj(cls)
        if not isinstance(obj, ClassObj) or depth > 8:
            return []
        result: list[Abs] = []
        for base in obj.bases:
            result.append(base)
            if isinstance(base, Ref):
                result.extend(self.bases_of(base, depth + 1))
        return result

    def client_base(self, cls: Ref) -> str | None:
        """The client constructor a class derives from."""
        for base in self.bases_of(cls):
            if isinstance(base, Ext) and base.name in self.constructors:
                return self.constructors[base.name]
        return None

    def is_settings(self, cls: Ref) -> bool:
        return any(
            isinstance(base, Ext) and base.name in library.SETTINGS_CLASSES
            for base in self.bases_of(cls)
        )

    def is_property(self, fn: Fn) -> bool:
        return isinstance(fn.node, ir.Function) and any(
            (isinstance(item, ir.Name) and item.id in ("property", "cached_property"))
            or (isinstance(item, ir.Attribute) and item.name == "cached_property")
            for item in fn.node.decorators
        )

    def is_class_method(self, fn: Fn) -> bool:
        return isinstance(fn.node, ir.Function) and any(
            isinstance(item, ir.Name) and item.id == "classmethod" for item in fn.node.decorators
        )

    def find_method(self, instance: Ref, name: str) -> Abs | None:
        obj = self.obj(instance)
        if not isinstance(obj, InstanceObj):
            return None
        found = self.class_attribute(obj.cls, name)
        return replace(found, bound=instance) if isinstance(found, Fn) else None

    def super_attribute(self, base: Super, name: str, at: At) -> Abs:
        owner = self.obj(base.owner)
        if isinstance(owner, ClassObj):
            for outer in owner.bases:
                if isinstance(outer, Ref):
                    found = self.class_attribute(outer, name)
                    if isinstance(found, Fn):
                        return replace(found, bound=base.instance)
                    if found is not None:
                        return found
            constructor = self.client_base(base.owner)
            if constructor is not None:
                if name == "__init__":
                    return Part(Ext(constructor), (), (("\0self", base.instance),))
                obj = self.obj(base.instance) if isinstance(base.instance, Ref) else None
                if isinstance(obj, InstanceObj) and obj.client is not None:
                    return Bound(obj.client, name, at)
        return Bound(Unk("a base class out of sight", at), name, at)

    # Calls ------------------------------------------------------------------------------------

    def do_call(self, node: ir.Call) -> Abs:
        func = self.eval(node.func)
        args: list[Abs] = []
        open_args: str | None = None
        for arg in node.args:
            value = self.eval(arg)
            if isinstance(arg, ir.Star):
                inner = self.elements(value)
                if inner is None:
                    open_args = f"*{describe(value)}"
                    args.append(self.element_of(value))
                else:
                    args.extend(inner)
            else:
                args.append(value)
        keywords: list[tuple[str, Slot]] = []
        for keyword in node.keywords:
            value = self.eval(keyword.value)
            if keyword.name is not None:
                keywords.append((keyword.name, Slot(value, self.at(keyword.name_place))))
                continue
            inner_dict = self.deref_dict(value)
            if inner_dict is None:
                open_args = f"**{describe(value)}"
                continue
            if inner_dict.open:
                open_args = inner_dict.open
            keywords.extend(inner_dict.slots.items())
        at = self.at(node.place)
        if isinstance(node.func, ir.Name) and node.func.id == "super" and not args:
            owner = next((f.owner for f in reversed(self.stack) if f.owner is not None), None)
            bound = next((f.bound for f in reversed(self.stack) if f.bound is not None), None)
            if owner is not None and bound is not None:
                return Super(bound, owner)
        return self.call(func, args, keywords, at, open_args)

    def call(
        self,
        func: Abs,
        args: list[Abs],
        keywords: list[tuple[str, Slot]],
        at: At,
        open_args: str | None = None,
    ) -> Abs:
        self.tick()
        if isinstance(func, Fn):
            return self.call_function(func, args, keywords, at, open_args)
        if isinstance(func, Ref):
            obj = self.obj(func)
            if isinstance(obj, ClassObj):
                return self.instantiate(func, args, keywords, at, open_args)
            if isinstance(obj, InstanceObj):
                method = self.find_method(func, "__call__")
                if method is not None:
                    return self.call(method, args, keywords, at, open_args)
        if isinstance(func, Phi):
            results: list[tuple[str, Abs]] = []
            for label, one in func.branches:
                if isinstance(one, Lit) and one.value is None:
                    continue
                if isinstance(one, Missing):
                    continue
                results.append((label, self.call(one, list(args), list(keywords), at, open_args)))
            return phi(func.choice, results) if results else Unk("a call of nothing", at)
        if isinstance(func, Part):
            bound_self = next((v for k, v in func.keywords if k == "\0self"), None)
            extra = [(k, Slot(v, None)) for k, v in func.keywords if k != "\0self"]
            if bound_self is not None and isinstance(func.func, Ext):
                made = self.construct(
                    self.constructors[func.func.name], args, keywords, at, open_args
                )
                obj2 = self.obj(bound_self) if isinstance(bound_self, Ref) else None
                if isinstance(bound_self, Ref) and isinstance(obj2, InstanceObj):
                    self.write(bound_self.id, replace(obj2, client=made))
                return Lit(None)
            given = {name for name, _ in keywords}
            merged = [pair for pair in extra if pair[0] not in given] + keywords
            return self.call(func.func, [*func.args, *args], merged, at, open_args)
        if isinstance(func, Ext):
            if func.name in self.constructors:
                return self.construct(self.constructors[func.name], args, keywords, at, open_args)
            return library.call_external(self, func, args, keywords, at, open_args)
        if isinstance(func, Bound):
            return self.call_method(func, args, keywords, at)
        if isinstance(func, Foreign):
            values = [*args, *(slot.value for _, slot in keywords)]
            self.hand_over(values, at)
            return Foreign(f"{func.path}()", (*func.made_from, *args), at)
        return self.unknown_call(func, args, keywords, at)

    def unknown_call(
        self, func: Abs, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
    ) -> Abs:
        values = [*args, *(slot.value for _, slot in keywords)]
        for value in values:
            self.open_dict(
                value, f"passed to something that cannot be seen at {at.path}:{at.place[0]}"
            )
        self.hand_over(values, at)
        return self.derived([func, *values], f"the result of {describe(func)}", at)

    def hand_over(self, values: Iterable[Abs], at: At) -> None:
        """Functions given to code that cannot be seen are called by it sooner or later."""
        for value in values:
            if isinstance(value, Fn) and id(value.node) not in self.visited:
                self.call_function(value, [], [], at, standalone=True)

    def call_method(
        self, func: Bound, args: list[Abs], keywords: list[tuple[str, Slot]], at: At
    ) -> Abs:
        receiver = func.receiver
        if isinstance(receiver, KafkaClient):
            return self.use_client(receiver, func.name, args, keywords, at)
        if isinstance(receiver, Phi):
            return self.over(
                receiver,
                lambda one: self.call(self.attribute(one, func.name, at), args, keywords, at),
            )
        if func.name in self.executes and isinstance(receiver, (Foreign, Unk, Bound)):
            self.record_execution(receiver, func.name, args, keywords, at)
        return library.call_method(self, func, args, keywords, at)

    def record_execution(
        self,
        receiver: Abs,
        method: str,
        args: list[Abs],
        keywords: list[tuple[str, Slot]],
        at: At,
    ) -> None:
        values = [*args, *(slot.value for _, slot in keywords)]
        record = any(self.record_sites(value) for value in [*values, receiver])
        unknown = any(self.unclear(value) for value in values)
        self.trace.executions.append(
            Execution(
                self.settled(receiver),
                method,
                tuple(self.settled(value) for value in args),
                tuple((name, self.settled(slot.value)) for name, slot in keywords),
                at,
                tuple(self.loops),
                self.steps_here(),
                tuple(name for names in self.handlers for name in names),
                True if record else (None if unknown else False),
                self.frame.path,
            )
        )

    def settled(self, value: Abs, depth: int = 0) -> Abs:
        """A value with its containers as they are now: branches undo the heap later."""
        if depth > 5:
            return value
        if isinstance(value, Ref):
            obj = self.obj(value)
            if isinstance(obj, ListObj):
                items = tuple(self.settled(item, depth + 1) for item in obj.items)
                return Items(items, obj.exact)
            if isinstance(obj, DictObj):
                values = tuple(self.settled(s.value, depth + 1) for s in obj.slots.values())
                return Items(values, obj.open is None, tuple(obj.slots))
            if isinstance(obj, InstanceObj):
                return obj.cls
        if isinstance(value, Foreign):
            made_from = tuple(self.settled(one, depth + 1) for one in value.made_from)
            return replace(value, made_from=made_from)
        if isinstance(value, Phi):
            return self.over(value, lambda one: self.settled(one, depth + 1))
        return value

    def unclear(self, value: Abs, depth: int = 0) -> bool:
        if isinstance(value, (Unk, Bound)):
            return True
        if isinstance(value, Comp):
            return not value.kinds
        if isinstance(value, Phi):
            return any(self.unclear(one, depth) for _, one in value.branches)
        if isinstance(value, Ref) and depth < 3:
            obj = self.obj(value)
            if isinstance(obj, ListObj):
                return not obj.exact or any(self.unclear(one, depth + 1) for one in obj.items)
            if isinstance(obj, DictObj):
                return obj.open is not None or any(
                    self.unclear(slot.value, depth + 1) for slot in obj.slots.values()
                )
        return False

    def steps_here(self) -> tuple[Step, ...]:
        return tuple(Step(span_of(at), f"calls {name}") for at, name in self.calls)

    def use_client(
        self,
        client: KafkaClient,
        method: str,
        args: list[Abs],
        keywords: list[tuple[str, Slot]],
        at: At,
    ) -> Abs:
        values = [*args, *(slot.value for _, slot in keywords)]
        self.trace.uses.append(
            Use(
                client.site,
                method,
                tuple(self.settled(value) for value in args),
                tuple((name, self.settled(slot.value)) for name, slot in keywords),
                at,
                tuple(self.loops),
                self.steps_here(),
            )
        )
        site = self.trace.sites[client.site]
        self.hand_over(values, at)
        if site.constructor in self.takes_records and method in library.POLLS:
            for loop in self.loops:
                loop.consumers.setdefault(client.site, at)
            return Rec(frozenset((client.site,)))
        if method in ("__enter__", "__aenter__"):
            return client
        if method in ("produce", "send", "send_and_wait"):
            return Foreign(f"{site.constructor}.{method}()", (), at)
        return Foreign(f"{site.constructor}().{method}()", (), at)

    def construct(
        self,
        constructor: str,
        args: list[Abs],
        keywords: list[tuple[str, Slot]],
        at: At,
        open_args: str | None,
    ) -> KafkaClient:
        key = (at.path, at.place, constructor)
        site = self.sites.get(key)
        if site is None:
            site = Site(len(self.trace.sites), constructor, at)
            self.sites[key] = site
            self.trace.sites.append(site)
        making = library.making(self, constructor, args, keywords, at, open_args)
        if len(site.makings) < _CONTEXTS and making not in site.makings:
            site.makings.append(making)
        return KafkaClient(site.index)

    def instantiate(
        self,
        cls: Ref,
        args: list[Abs],
        keywords: list[tuple[str, Slot]],
        at: At,
        open_args: str | None = None,
        *,
        standalone: bool = False,
    ) -> Abs:
        obj = self.obj(cls)
        if not isinstance(obj, ClassObj):
            return Unk("an instance of something unknown", at)
        instance = self.alloc(InstanceObj(cls, {}))
        known = self.instances.setdefault(cls.id, [])
        if len(known) < 4 and not standalone:
            known.append(instance)
        init = self.class_attribute(cls, "__init__")
        if isinstance(init, Fn):
            self.call_function(
                replace(init, bound=instance), args, keywords, at, open_args, standalone=standalone
            )
            return instance
        constructor = self.client_base(cls)
        if constructor is not None:
            if standalone:
                open_args = "arguments that cannot be seen"
            made = self.construct(constructor, args, keywords, at, open_args)
            current = self.obj(instance)
            if isinstance(current, InstanceObj):
                self.write(instance.id, replace(current, client=made))
            return instance
        attrs: dict[str, Abs] = {}
        names = self.fields(cls)
        for name, value in zip(names, args, strict=False):
            attrs[name] = value
        for name, slot in keywords:
            attrs[name] = slot.value
        if standalone:
            for name in names:
                attrs.setdefault(name, Unk(f"field {name}", at))
        self.write(instance.id, InstanceObj(cls, attrs, None, open_args))
        post = self.class_attribute(cls, "__post_init__")
        if isinstance(post, Fn):
            self.call_function(replace(post, bound=instance), [], [], at)
        return instance

    def fields(self, cls: Ref) -> list[str]:
        obj = self.obj(cls)
        if not isinstance(obj, ClassObj):
            return []
        inherited: list[str] = []
        for base in obj.bases:
            if isinstance(base, Ref):
                inherited.extend(self.fields(base))
        return [*inherited, *(name for name in obj.annotations if name not in inherited)]

    def call_function(
        self,
        fn: Fn,
        args: list[Abs],
        keywords: list[tuple[str, Slot]],
        at: At,
        open_args: str | None = None,
        *,
        standalone: bool = False,
    ) -> Abs:
        node = fn.node
        identity = id(node)
        if len(self.stack) > _DEPTH:
            return Unk("calls nested too deeply to follow", at)
        if sum(1 for frame in self.stack if frame.node is node) >= 2:
            return self.derived(args, "a recursive call", at)
        count = self.contexts.get(identity, 0)
        if count >= _CONTEXTS:
            return self.derived(args, "called from too many places to follow", at)
        self.contexts[identity] = count + 1
        self.visited.add(identity)
        frame = _Frame(self.new_id(), fn.frame, fn.path, node, fn.owner, fn.bound)
        self.frames[frame.id] = frame
        caller = self.stack[-1] if self.stack else None
        self.layers.append({})
        self.stack.append(frame)
        depth = len(self.layers) - 1
        self.frame_depth = [*self.frame_depth, depth]
        saved_jumps, self.jumps = self.jumps, []
        saved_conditions, self.conditions = self.conditions, []
        named = isinstance(node, ir.Function) and caller is not None and not standalone
        if named and isinstance(node, ir.Function):
            self.calls.append((at, node.name))
        try:
            self.bind_params(fn, args, keywords, open_args, standalone)
            if isinstance(node, ir.Lambda):
                return self.eval(node.body)
            self.block(node.body)
            return self.result(frame)
        finally:
            if named:
                self.calls.pop()
            self.jumps = saved_jumps
            self.conditions = saved_conditions
            self.frame_depth = self.frame_depth[:-1]
            self.stack.pop()
            self.keep()

    def result(self, frame: _Frame) -> Abs:
        """Join a function's returns, last first, with what each had changed."""
        if isinstance(frame.node, ir.Function) and frame.node.is_generator:
            return self.alloc(ListObj(tuple(frame.yields), False, generated=True))
        if not frame.returns:
            return Lit(None)
        *early, (_, value, changes) = frame.returns
        for key, changed in changes.items():
            self.write(key, changed)
        for condition, other, other_changes in reversed(early):
            choice, label = condition or ("the way through", "ends early")
            value = phi(choice, [(label, other), ("otherwise", value)])
            now = {key: self.cells[key] for key in other_changes if key in self.cells}
            self.join(choice, [(label, other_changes), ("otherwise", now)])
        return value

    def bind_params(
        self,
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
            self.set_name(params[0].name, fn.bound)
            params = params[1:]
        for param in params:
            if param.kind == "var-positional":
                self.set_name(
                    param.name,
                    self.alloc(ListObj(tuple(given), not standalone and open_args is None)),
                )
                given = []
            elif param.kind == "var-keyword":
                reason = open_args or (
                    f"**{param.name} of a function called from out of sight" if standalone else None
                )
                self.set_name(param.name, self.alloc(DictObj(named, open=reason)))
                named = {}
            elif given and param.kind == "positional":
                self.set_name(param.name, given.pop(0))
            elif param.name in named:
                self.set_name(param.name, named.pop(param.name).value)
            else:
                self.set_name(param.name, self.unbound(fn, param, open_args, standalone))

    def unbound(self, fn: Fn, param: ir.Param, open_args: str | None, standalone: bool) -> Abs:
        at = At(fn.path, fn.node.place)
        if param.default is None:
            if isinstance(param.annotation, (ir.Name, ir.Attribute)):
                typed = self.typed(param.annotation, at)
                if typed is not None:
                    return typed
            return Unk(f"parameter {param.name}", at)
        default = self.eval(param.default)
        if standalone or open_args is not None:
            return phi(
                f"argument {param.name}",
                [("is left out", default), ("is given", Unk(f"parameter {param.name}", at))],
            )
        return default

    def typed(self, annotation: ir.Expr, at: At) -> Abs | None:
        """A parameter annotated with a project class is the instance the project makes."""
        value = self.eval(annotation)
        if isinstance(value, Ref) and isinstance(self.obj(value), ClassObj):
            known = [ref for ref in self.instances.get(value.id, []) if self.obj(ref) is not None]
            if len(known) == 1:
                return known[0]
        if isinstance(value, Ext) and value.name not in self.constructors and "." in value.name:
            if not value.name.startswith(("builtins.", "typing.")):
                return Foreign(f"{value.name}()", (), at)
        return None


_OBJECTS = (DictObj, ListObj, ClassObj, InstanceObj)


def _may_be_missing(value: Abs) -> bool:
    return isinstance(value, Missing) or (
        isinstance(value, Phi) and any(_may_be_missing(one) for _, one in value.branches)
    )


def join_dicts(choice: str, dicts: list[tuple[str, DictObj]]) -> DictObj:
    """The dict that is one of several, entry by entry."""
    slots: dict[str, Slot] = {}
    for key in {key: None for _, one in dicts for key in one.slots}:
        places = [one.slots[key].key_at for _, one in dicts if key in one.slots]
        values = [
            (label, one.slots[key].value if key in one.slots else Missing()) for label, one in dicts
        ]
        slots[key] = Slot(phi(choice, values), places[0])
    reasons = [one.open for _, one in dicts if one.open]
    twice = tuple(dict.fromkeys(item for _, one in dicts for item in one.twice))
    return DictObj(slots, reasons[0] if reasons else None, twice)


def merge_dicts(base: DictObj, over: DictObj) -> DictObj:
    """`{**base, **over}`: where an entry of `over` may be missing, the one of `base` shows."""
    slots = dict(base.slots)
    for key, slot in over.slots.items():
        if _may_be_missing(slot.value):
            beneath = slots[key].value if key in slots else Missing()
            slots[key] = Slot(_fill(slot.value, beneath), slot.key_at)
        else:
            slots[key] = slot
    if over.open:
        # what is not seen may override everything that is
        slots = {
            key: slot
            if key in over.slots
            else Slot(
                phi(over.open, [("kept", slot.value), ("overridden", Unk(over.open))]), slot.key_at
            )
            for key, slot in slots.items()
        }
    return DictObj(slots, base.open or over.open, (*base.twice, *over.twice))


def _fill(value: Abs, beneath: Abs) -> Abs:
    if isinstance(value, Missing):
        return beneath
    if isinstance(value, Phi):
        return phi(value.choice, [(label, _fill(one, beneath)) for label, one in value.branches])
    return value


def describe(value: Abs) -> str:
    """A value in a few words, for reasons."""
    if isinstance(value, Unk):
        return value.reason
    if isinstance(value, Bound):
        return f"{describe(value.receiver)}.{value.name}"
    if isinstance(value, Ext):
        return value.name
    if isinstance(value, Foreign):
        return value.path
    if isinstance(value, Phi):
        return value.choice
    if isinstance(value, Fn):
        return value.node.name if isinstance(value.node, ir.Function) else "a lambda"
    return "a value that is not known"


def span_of(at: At) -> Span:
    line, column, end_line, end_column = at.place
    return Span(at.path, Position(line, column), Position(end_line, end_column))


def tree_value(machine: Machine, node: Node, path: str, span: Callable[[int, int], Span]) -> Abs:
    """A configuration file's tree as values, with the places of that file."""

    def place(start: int, end: int) -> At:
        where = span(start, end)
        return At(path, (where.start.line, where.start.column, where.end.line, where.end.column))

    if isinstance(node, Scalar):
        return Lit(node.value, place(node.start, node.end))
    if isinstance(node, TreeSequence):
        items = tuple(tree_value(machine, item, path, span) for item in node.items)
        return machine.alloc(ListObj(items))
    assert isinstance(node, TreeMapping)
    slots: dict[str, Slot] = {}
    twice: list[Twice] = []
    for entry in node.entries:
        key_at = place(entry.key.start, entry.key.end)
        earlier = slots.get(entry.key.text)
        if earlier is not None and not entry.merged and earlier.key_at is not None:
            twice.append(Twice(entry.key.text, earlier.key_at, key_at))
        if entry.merged and earlier is not None:
            continue
        slots[entry.key.text] = Slot(tree_value(machine, entry.value, path, span), key_at)
    return machine.alloc(DictObj(slots, node.open_reason, tuple(twice)))


def _bound_names(body: Iterable[ir.Stmt]) -> list[str]:
    """Names a block binds, nested blocks included, functions and classes not entered."""
    names: dict[str, None] = {}
    stack: list[Iterable[ir.Stmt]] = [body]
    while stack:
        for stmt in stack.pop():
            if isinstance(stmt, (ir.Function, ir.Class)):
                names[stmt.name] = None
            elif isinstance(stmt, ir.Import):
                names[stmt.alias] = None
            elif isinstance(stmt, ir.Assign):
                for target in stmt.targets:
                    parts = target.items if isinstance(target, ir.ListDisplay) else (target,)
                    names.update((part.id, None) for part in parts if isinstance(part, ir.Name))
            elif isinstance(stmt, ir.If):
                stack.extend((stmt.body, stmt.orelse))
            elif isinstance(stmt, ir.Try):
                stack.extend((stmt.body, stmt.orelse, stmt.final, *(h.body for h in stmt.handlers)))
            elif isinstance(stmt, (ir.With, ir.Loop)):
                stack.append(stmt.body)
    return list(names)


def _names_called(body: Iterable[ir.Stmt]) -> set[str]:
    """Names and attributes that are called anywhere in a module."""
    names: set[str] = set()
    stack: list[object] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
            continue
        if isinstance(node, ir.Call):
            if isinstance(node.func, ir.Name):
                names.add(node.func.id)
            elif isinstance(node.func, ir.Attribute):
                names.add(node.func.name)
        slots = getattr(type(node), "__slots__", ())
        stack.extend(getattr(node, name) for name in slots)
    return names
