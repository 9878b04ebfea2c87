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
from typing import TypeAlias

from oncelint.flow import calls, entries, objects, relevance, statements
from oncelint.flow.files import Files
from oncelint.flow.library import externals
from oncelint.flow.modules import Modules
from oncelint.flow.state import STEPS, STEPS_PER_ROOT, Exhausted, Frame, State
from oncelint.flow.story import Called, Made, Story, nodes
from oncelint.flow.trace import LoopContext, Site, Trace, Use
from oncelint.flow.values import (
    OBJECTS,
    Abs,
    At,
    ClassObj,
    DictObj,
    Ext,
    File,
    Fn,
    Imported,
    InstanceObj,
    KafkaClient,
    Lit,
    Mod,
    Phi,
    Ref,
    Unk,
    phi,
)
from oncelint.frameworks.python import builders
from oncelint.frameworks.python.streaming import PACKAGES
from oncelint.model import ir
from oncelint.model.values import Span

# Of how many subclasses a method is run for an instance each, where none is seen to be made.
_HEIRS = 6


Mark: TypeAlias = "tuple[dict[tuple[str, ir.Place], int], set[int], int, int]"


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
        self.packages = PACKAGES | builders.PACKAGES | {n.partition(".")[0] for n in constructors}
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
        self.contexts: dict[tuple[int, int], int] = {}
        self.classes: list[Ref] = []
        self.subclasses: dict[int, list[Ref]] = {}
        # the functions registered for a single-dispatch function, by the latter's node
        self.overloads: dict[int, list[Fn]] = {}
        self.making_blindly = 0
        # functions that a framework calls with records, and the site a pipeline is built for
        self.entries: list[entries.Entry] = []
        self.entered: set[object] = set()
        self.streaming: list[int] = []
        self.starved: list[tuple[Fn, list[Abs]]] = []
        self.feeding = False
        self.searched: set[int] = set()
        self.importers_of: Callable[[str, str], list[str]] = lambda path, name: []
        self.instances: dict[int, list[Ref]] = {}
        self.sites: dict[tuple[str, ir.Place, str], Site] = {}
        self.standalone: dict[int, Abs] = {}
        # the order in which a class and its bases are asked for a name, by the class's reference
        self.orders: dict[int, list[Abs]] = {}
        self.following: list[Imported] = []
        self.inner: list[Fn] = []
        self.patched: dict[str, Abs] = {}
        # the one dict that a call spreads into its keywords
        self.spreads: dict[At, DictObj] = {}
        self.bearing: frozenset[str] = frozenset()
        # places in configuration files, which a program may load time and again
        self.spans: dict[str, Callable[[int, int], Span]] = {}
        # the stories of generators, by the list of what they yield, until it is taken from them
        self.generators: dict[int, Called] = {}
        # calls that stand directly under an await, `async with` or `async for`
        self.awaited: set[tuple[str, ir.Place]] = set()
        # calls whose value nothing is done with: statements of their own
        self.unused: set[tuple[str, ir.Place]] = set()
        # whether a transaction was begun, so that all calls of libraries matter
        self.watching = False
        # whether a module imports a library whose sources and sinks are built by calls
        self.building = False
        # where queries of Spark are waited for or stopped
        self.query_ends: list[At] = []
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
        self.building = self.building or not builders.PACKAGES.isdisjoint(loaded.packages)
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
        watching, self.watching = self.watching, False
        self.set_name("__name__", Lit("__main__"))
        self.set_name("__file__", File(path, rooted=True))
        try:
            _, story = self.told(lambda: statements.block(self, loaded.body))
            self.keep_story(story)
        finally:
            self.watching = watching
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
        """A name of a project module or folder: what it defines, else a submodule.

        A submodule spares running its package, unless that has been run already.
        """
        submodule = self.submodule(path, name)
        if submodule is not None and path not in self.module_frames:
            return submodule
        frame = self.module(path) if path.endswith(".py") else None
        value = self.look_up((frame, name)) if frame is not None else None
        return submodule if value is None else value

    def submodule(self, path: str, name: str) -> Mod | None:
        base = path[: -len("/__init__.py")] if path.endswith("__init__.py") else path
        if base.endswith(".py"):
            return None
        for candidate in (f"{base}/{name}/__init__.py", f"{base}/{name}.py"):
            candidate = candidate.removeprefix("/")
            if candidate in self.modules.files:
                return Mod(candidate)
        return None

    def look_up(self, key: tuple[int, str]) -> Abs | None:
        """The value of a name in a frame; imported names are followed now."""
        value = self.cells.get(key)
        if value is None or isinstance(value, OBJECTS):
            return None
        followed = self.followed(value)
        if followed is not value:
            self.cells[key] = followed  # what an import means no branch can change
        return followed

    def followed(self, value: Abs) -> Abs:
        if isinstance(value, Phi) and any(isinstance(one, Imported) for _, one in value.branches):
            return self.over(value, self.followed)
        if not isinstance(value, Imported):
            return value
        found = None
        if value not in self.following:
            self.following.append(value)
            found = self.member(value.path, value.name)
            self.following.pop()
        if found is not None:
            return found
        if value.dotted is None:
            return Unk(f"{value.name} is not found in {value.path}", value.at)
        return Ext(value.dotted)

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

    def run_entries(self) -> None:
        """Run the functions that a framework calls with records, those found on the way too."""
        while self.entries and not self.exhausted:
            entry = self.entries.pop(0)
            key = entries.key_of(entry)
            if key not in self.entered:
                self.entered.add(key)
                self._root(entry.at, lambda entry=entry: entries.enter(self, entry))  # type: ignore[misc]

    def starves(self) -> None:
        """The running function found nothing in a queue that may be filled later on."""
        frame = self.stack[-1] if self.stack else None
        if frame is None or not isinstance(frame.node, ir.Function) or self.feeding:
            return
        params = [one for one in frame.node.params if one.kind == "positional"]
        if frame.bound is not None:
            params = params[1:]
        args = [
            self.look_up((frame.id, one.name)) or Unk(f"parameter {one.name}") for one in params
        ]
        fn = Fn(frame.path, frame.node, frame.parent or 0, frame.bound, frame.owner)
        if all(one.node is not fn.node or one.bound != fn.bound for one, _ in self.starved):
            self.starved.append((fn, args))

    def run_starved(self) -> None:
        """Run the functions again that found their queues empty: by now these have been filled."""
        self.feeding = True
        for fn, args in self.starved:
            at = At(fn.path, fn.node.place)

            def run(fn: Fn = fn, args: list[Abs] = args, at: At = at) -> None:
                self.stack = [self.frames[self.module_frames[fn.path]]]
                calls.call_function(self, fn, args, [], at)

            if not self.exhausted and fn.path in self.module_frames:
                self._root(at, run)

    def run_root(self, fn: Fn) -> None:
        """Run a function as if called from out of sight: nothing is known of its arguments."""
        at = At(fn.path, fn.node.place)

        def run() -> None:
            self.stack = [self.frames[self.module_frames[fn.path]]]
            bounds: list[Abs | None] = [None]
            if fn.owner is not None and not objects.is_static(self, fn):
                bounds = [*self.representatives(fn.owner)]
            for bound in bounds:
                made = calls.call_function(
                    self, replace(fn, bound=bound), [], [], at, standalone=True
                )
                self.tell_generator(made)

        self._root(at, run)

    def abandon(self, path: str) -> None:
        """Write down that a file is left out because the project is too large to follow."""
        place = (At(path, (1, 1, 1, 1)), "the project is too large to follow")
        if place not in self.trace.abandoned:
            self.trace.abandoned.append(place)

    def _root(self, at: At, run: Callable[[], object]) -> None:
        """Run something on its own; what cannot be followed, or fails here, is written down."""
        self.steps = 0
        self.layers.append({})
        self.watching = False
        try:
            _, story = self.told(run)
            self.keep_story(story)
        except Exhausted:
            self.trace.abandoned.append((at, "too large to follow"))
        except RecursionError:
            self.trace.abandoned.append((at, "nested too deeply to follow"))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {error} (line {where.lineno} of {where.name})"
            self.trace.errors.append((at, message))
        self._settle()

    def tell_generator(self, value: Abs) -> None:
        """Tell what a generator does that code out of sight iterates over, or enters."""
        story = self.generators.pop(value.id, None) if isinstance(value, Ref) else None
        if story is not None:
            self.tell(story)

    def mark(self) -> Mark:
        """Where the trace stands, for `back_to`."""
        trace = self.trace
        return dict(self.turns), set(self.visited), len(trace.uses), len(trace.executions)

    def back_to(self, mark: Mark) -> None:
        """Forget what was written down since, because it is going to be run once more; callbacks
        that were run for the first time then count as not yet run."""
        self.turns, self.visited, uses, executions = mark
        del self.trace.uses[uses:]
        del self.trace.executions[executions:]

    def keep_story(self, story: Story) -> None:
        """A story in which no client is made or used is of no interest."""
        if any(isinstance(node, (Use, Made)) for node in nodes(story)):
            self.trace.stories.append(story)

    def _settle(self) -> None:
        self.total_steps += self.steps
        self.layers = [{}]
        self.stack, self.calls, self.loops, self.jumps = [], [], [], []
        self.conditions, self.handlers = [], []

    @property
    def exhausted(self) -> bool:
        return self.total_steps > STEPS

    def load_heirs(self, cls: Ref) -> None:
        """Run the files that import a class from its module: classes that derive from it are
        looked for."""
        obj = self.obj(cls)
        if not isinstance(obj, ClassObj) or cls.id in self.searched:
            return
        self.searched.add(cls.id)
        for path in self.importers_of(obj.path, obj.name):
            if not self.exhausted:
                self.module(path)

    def representatives(self, owner: Ref) -> list[Abs]:
        """Instances to run a method on: those the project makes, else one made blindly."""
        known = [ref for ref in self.instances.get(owner.id, []) if self.obj(ref) is not None]
        if known:
            return list(known[:2])
        heirs = [ref for ref in self.subclasses.get(owner.id, []) if self.obj(ref) is not None]
        if heirs:
            return [one for heir in heirs[:_HEIRS] for one in self.representatives(heir)]
        made = self.standalone.get(owner.id)
        if made is None or (isinstance(made, Ref) and self.obj(made) is None):
            at = At("", (1, 1, 1, 1))
            # when it is made is not known: that does not come right before the method is run
            instance, story = self.told(
                lambda: calls.instantiate(self, owner, [], [], at, standalone=True)
            )
            self.trace.stories.append(story)
            self.standalone[owner.id] = made = instance
        return [made]

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
        self.note_rebinding(self.cells.get((target, name)), value)
        self.write((target, name), value)

    def note_rebinding(self, before: object, after: object) -> None:
        """Remember that the name of one client is given to another."""
        old, new = self.client_of(before), self.client_of(after)
        if old is not None and new is not None:
            self.trace.sites[old.site].rebound = old.site != new.site

    def client_of(self, value: object) -> KafkaClient | None:
        """The client a value is, or that an instance of a client's subclass is."""
        if isinstance(value, Ref):
            obj = self.obj(value)
            return obj.client if isinstance(obj, InstanceObj) else None
        return value if isinstance(value, KafkaClient) else None

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
            value = self.look_up((frame.id, name))
            if value is not None:
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
