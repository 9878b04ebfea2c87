"""The interpreter: runs the IR over abstract values, branch by branch.

It answers which values reach a client's constructor, which calls stand in a consume loop and
which way leads there. Every branch is run on its own and undone; what it changed is joined as a
choice (`Phi`), so that alternatives that belong together stay together. Whatever it cannot
follow becomes `Unk` with a reason.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from oncelint.flow import calls, objects, relevance, statements
from oncelint.flow.files import Files
from oncelint.flow.library import externals
from oncelint.flow.modules import Modules
from oncelint.flow.state import STEPS, STEPS_PER_ROOT, Exhausted, Frame, State
from oncelint.flow.trace import LoopContext, Site, Trace
from oncelint.flow.values import (
    OBJECTS,
    Abs,
    At,
    ClassObj,
    Ext,
    File,
    Fn,
    Lit,
    Mod,
    Phi,
    Ref,
    Unk,
    phi,
)
from oncelint.model import ir


class Machine(State):
    """Runs modules and functions of one project and keeps the trace.

    `constructors` maps a library's dotted class name to itself for every client constructor;
    `files` reads project files that code opens by a literal name;
    `executes` tells whether a method name hands work to a database.
    """

    def __init__(
        self,
        modules: Modules,
        constructors: Mapping[str, str],
        takes_records: frozenset[str],
        executes: frozenset[str],
        executes_external: frozenset[str],
        files: Files,
    ) -> None:
        super().__init__()
        self.modules = modules
        self.constructors = constructors
        self.packages = frozenset(name.partition(".")[0] for name in constructors)
        self.takes_records = takes_records
        self.executes = executes
        self.executes_external = executes_external
        self.frame_depth: list[int] = []
        self.files = files
        self.trace = Trace()
        self.frames: dict[int, Frame] = {}
        self.module_frames: dict[str, int] = {}
        self.stack: list[Frame] = []
        self.calls: list[tuple[At, str]] = []
        self.loops: list[LoopContext] = []
        self.handlers: list[tuple[str, ...]] = []
        self.visited: set[int] = set()
        self.contexts: dict[int, int] = {}
        self.instances: dict[int, list[Ref]] = {}
        self.sites: dict[tuple[str, ir.Place, str], Site] = {}
        self.inner: list[Fn] = []
        self.patched: dict[str, Abs] = {}
        self.bearing: frozenset[str] = frozenset()
        self.turns: dict[tuple[str, ir.Place], int] = {}
        self.steps = 0
        self.total_steps = 0

    # Modules ----------------------------------------------------------------------------------

    def module(self, path: str) -> int | None:
        """The frame of a module, run on first use; None when it cannot be read."""
        if path in self.module_frames:
            return self.module_frames[path]
        loaded = self.modules.get(path)
        if loaded is None:
            return None
        frame = Frame(self.new_id(), None, path, None)
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
        self.set_name("__file__", File(path, rooted=True))
        try:
            statements.block(self, loaded.body)
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
            if value is not None and not isinstance(value, OBJECTS):
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
        self._root(At(path, (1, 1, 1, 1)), lambda: self.module(path))

    def run_unreached(self, path: str) -> None:
        """Run what no call reached, with unknown arguments: functions nobody names first.

        Functions that mention nothing that may lead to a client are left alone.
        """
        frame_id = self.module_frames.get(path)
        module = self.modules.get(path)
        if frame_id is None or module is None:
            return
        pending = relevance.live_functions(
            self, module, list(self.definitions(module.body, frame_id, None))
        )
        for only_roots in (True, False):
            for fn in pending:
                if id(fn.node) in self.visited:
                    continue
                name = fn.node.name if isinstance(fn.node, ir.Function) else ""
                if not only_roots or name not in module.called:
                    self.run_root(fn)
        while self.inner:
            fn = self.inner.pop()
            if id(fn.node) not in self.visited:
                self.run_root(fn)

    def run_root(self, fn: Fn) -> None:
        """Run a function as if called from out of sight: nothing is known of its arguments."""
        at = At(fn.path, fn.node.place)

        def run() -> None:
            self.stack = [self.frames[self.module_frames[fn.path]]]
            bounds: list[Abs | None] = [None]
            if fn.owner is not None and not objects.is_static(self, fn):
                bounds = [*self.representatives(fn.owner)]
            for bound in bounds:
                calls.call_function(self, replace(fn, bound=bound), [], [], at, standalone=True)

        self._root(at, run)

    def _root(self, at: At, run: Callable[[], object]) -> None:
        """Run something on its own; what cannot be followed, or fails here, is written down."""
        self.steps = 0
        self.layers.append({})
        try:
            run()
        except Exhausted:
            self.trace.abandoned.append((at, "too large to follow"))
        except RecursionError:
            self.trace.abandoned.append((at, "nested too deeply to follow"))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {error} (line {where.lineno} of {where.name})"
            self.trace.errors.append((at, message))
        self._settle()

    def _settle(self) -> None:
        self.total_steps += self.steps
        self.layers = [{}]
        self.stack, self.calls, self.loops, self.jumps = [], [], [], []
        self.conditions, self.handlers = [], []

    @property
    def exhausted(self) -> bool:
        return self.total_steps > STEPS

    def representatives(self, owner: Ref) -> list[Abs]:
        """Instances to run a method on: those the project makes, else one made blindly."""
        known = [ref for ref in self.instances.get(owner.id, []) if self.obj(ref) is not None]
        if known:
            return list(known[:2])
        return [calls.instantiate(self, owner, [], [], At("", (1, 1, 1, 1)), standalone=True)]

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
    def frame(self) -> Frame:
        return self.stack[-1]

    def set_name(self, name: str, value: Abs) -> None:
        frame = self.frame
        target = frame.id
        if name in frame.globals:
            target = self.module_frames.get(frame.path, frame.id)
        elif name in frame.outer:
            target = self.binding_frame(frame, name)
        self.write((target, name), value)

    def binding_frame(self, frame: Frame, name: str) -> int:
        """The enclosing function that binds a nonlocal name."""
        outer = self.frames.get(frame.parent) if frame.parent is not None else None
        while outer is not None and (outer.id, name) not in self.cells:
            outer = self.frames.get(outer.parent) if outer.parent is not None else None
        return outer.id if outer is not None else frame.id

    def get_name(self, name: str, at: At) -> Abs:
        frame: Frame | None = self.frame
        if frame is not None and name in frame.globals:
            frame = self.frames.get(self.module_frames.get(frame.path, frame.id))
        while frame is not None:
            value = self.cells.get((frame.id, name))
            if value is not None and not isinstance(value, OBJECTS):
                return value
            frame = self.frames.get(frame.parent) if frame.parent is not None else None
        if name in externals.BUILTINS:
            return Ext("builtins." + name)
        return Unk(f"the name {name} is not defined where it can be seen", at)

    # Statements -------------------------------------------------------------------------------

    def choice(self, what: str, place: ir.Place) -> str:
        return f"the {what} at {self.frame.path}:{place[0]}"

    # Expressions ------------------------------------------------------------------------------

    def tick(self) -> None:
        self.steps += 1
        if self.steps > STEPS_PER_ROOT or self.total_steps > STEPS:
            raise Exhausted

    def call_at(self, place: ir.Place) -> At:
        """The place of a call about to be run, told apart from its earlier runs."""
        key = (self.frame.path, place)
        turn = self.turns.get(key, 0)
        self.turns[key] = turn + 1
        return At(self.frame.path, place, turn)

    def at(self, place: ir.Place) -> At:
        return At(self.frame.path, place)

    def over(self, value: Abs, change: Callable[[Abs], Abs]) -> Abs:
        """Apply a change without side effects to every branch of a choice."""
        if isinstance(value, Phi):
            return phi(value.choice, [(lb, self.over(one, change)) for lb, one in value.branches])
        return change(value)

    # Containers -------------------------------------------------------------------------------

    # Attributes -------------------------------------------------------------------------------

    # Calls ------------------------------------------------------------------------------------
