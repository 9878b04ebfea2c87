"""Random small Python programs: any that parse, and such that Python itself can run to their end.

The second kind builds configurations with dicts, functions, classes, branches and loops, and hands
them to `Producer`; `run_by_python` tells what it really gets.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "conf", "f", "g", "C", "x")
KEYS = ("acks", "retries", "transactional.id")
_ATTRIBUTES = ("conf", "x", "get", "update", "copy", "produce", "run", "items", "__init__")
_ATOMS = (
    *(
        "1",
        "0",
        "'acks'",
        "'1'",
        "None",
        "True",
        "{}",
        "[]",
        "()",
        "...",
        "b'x'",
        "1j",
        "self",
        "cls",
    ),
    *("Producer", "KafkaConsumer", "os.environ", "__file__", "super()", "dict"),
)
_MODULES = ("os", "json", "confluent_kafka", "kafka", "house", ".", ".main", "app.main")


def _joined(parts: tuple[str, ...]) -> str:
    return "".join(parts)


def _expressions() -> st.SearchStrategy[str]:
    atoms = st.sampled_from([*NAMES, *_ATOMS])

    def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        name = st.sampled_from(NAMES)
        attribute = st.sampled_from(_ATTRIBUTES)
        operator = st.sampled_from(
            ["+", "|", "%", "==", "in", "and", "or", "is not", "/", "**", "<"]
        )
        shapes = [
            st.tuples(st.just("{'acks': "), inner, st.just(", **"), inner, st.just("}")),
            st.tuples(st.just("{"), inner, st.just(": "), inner, st.just("}")),
            st.tuples(st.just("["), inner, st.just(", *"), inner, st.just("]")),
            st.tuples(st.just("("), inner, st.just(")."), attribute),
            st.tuples(st.just("("), inner, st.just(")["), inner, st.just("]")),
            st.tuples(st.just("("), inner, st.just(")("), inner, st.just(")")),
            st.tuples(
                st.just("("), inner, st.just(")(*"), inner, st.just(", **"), inner, st.just(")")
            ),
            st.tuples(st.just("Producer("), inner, st.just(")")),
            st.tuples(st.just("KafkaConsumer(x, acks="), inner, st.just(")")),
            st.tuples(
                st.just("("), inner, st.just(" "), operator, st.just(" "), inner, st.just(")")
            ),
            st.tuples(
                st.just("("), inner, st.just(" if "), inner, st.just(" else "), inner, st.just(")")
            ),
            st.tuples(st.just("(lambda x=1, *a, **b: "), inner, st.just(")")),
            st.tuples(
                st.just("[x for "),
                name,
                st.just(" in ("),
                inner,
                st.just(") if "),
                inner,
                st.just("]"),
            ),
            st.tuples(
                st.just("{k: "), inner, st.just(" for k, v in ("), inner, st.just(").items()}")
            ),
            st.tuples(
                st.just("f'{"), st.sampled_from(NAMES), st.just("}-{"), name, st.just("!r}'")
            ),
            st.tuples(st.just("("), name, st.just(" := "), inner, st.just(")")),
            st.tuples(st.just("(not "), inner, st.just(")")),
            st.tuples(st.just("next(iter("), inner, st.just("))")),
            st.tuples(st.just("getattr("), inner, st.just(", 'conf')")),
            st.tuples(st.just("functools.partial("), inner, st.just(", "), inner, st.just(")")),
            st.tuples(st.just("json.load(open("), inner, st.just("))")),
            st.tuples(st.just("zip("), inner, st.just(")[1:2]")),
        ]
        return st.one_of(*(shape.map(_joined) for shape in shapes))

    return st.recursive(atoms, deeper, max_leaves=6)


@st.composite
def any_programs(draw: st.DrawFn) -> str:
    """A program of all the statements there are; it means nothing in particular."""
    expression = _expressions()
    name = st.sampled_from(NAMES)

    def block(depth: int, indent: str, inside: str) -> list[str]:
        lines: list[str] = []
        for _ in range(draw(st.integers(1, 3))):
            lines.extend(statement(depth, indent, inside))
        return lines

    def statement(depth: int, indent: str, inside: str) -> list[str]:
        simple = [
            "assign", "assign", "item", "attribute", "augment", "expression", "delete", "import",
            "unpack", "annotate",
        ]  # fmt: skip
        nested = ["if", "for", "while", "try", "with", "def", "def", "class", "match"]
        if inside == "function":
            simple += ["return", "yield", "scope", "raise"]
        kind = draw(st.sampled_from(simple + (nested if depth else [])))
        deeper = indent + "    "
        one = draw(expression)
        if kind == "assign":
            return [f"{indent}{draw(name)} = {one}"]
        if kind == "annotate":
            return [f"{indent}{draw(name)}: {draw(name)} = {one}"]
        if kind == "unpack":
            return [f"{indent}{draw(name)}, *{draw(name)} = {one}"]
        if kind == "item":
            return [f"{indent}{draw(name)}[{one}] = {draw(expression)}"]
        if kind == "attribute":
            return [f"{indent}{draw(name)}.{draw(st.sampled_from(_ATTRIBUTES))} = {one}"]
        if kind == "augment":
            return [f"{indent}{draw(name)} {draw(st.sampled_from(['+=', '|=', '%=']))} {one}"]
        if kind == "expression":
            return [f"{indent}{one}"]
        if kind == "delete":
            return [f"{indent}del {draw(name)}['acks']"]
        if kind == "import":
            module = draw(st.sampled_from(_MODULES))
            return [f"{indent}from {module} import {draw(name)}"]
        if kind == "return":
            return [f"{indent}return {one}"]
        if kind == "yield":
            return [f"{indent}{draw(name)} = yield {one}"]
        if kind == "raise":
            return [f"{indent}raise {one}"]
        if kind == "scope":
            return [f"{indent}global {draw(st.sampled_from(['G', 'H']))}"]
        body = block(depth - 1, deeper, inside if kind not in ("def", "class") else kind_of(kind))
        if kind == "if":
            return [
                f"{indent}if {one}:",
                *body,
                f"{indent}else:",
                *block(depth - 1, deeper, inside),
            ]
        if kind == "for":
            end = draw(st.sampled_from(["break", "continue", "pass"]))
            return [f"{indent}for {draw(name)} in {one}:", *body, f"{deeper}{end}"]
        if kind == "while":
            return [f"{indent}while {one}:", *body, f"{indent}else:", f"{deeper}pass"]
        if kind == "try":
            return [
                f"{indent}try:",
                *body,
                f"{indent}except {draw(name)} as {draw(name)}:",
                *block(depth - 1, deeper, inside),
                f"{indent}finally:",
                f"{deeper}pass",
            ]
        if kind == "with":
            return [f"{indent}with {one} as {draw(name)}:", *body]
        if kind == "match":
            return [f"{indent}match {one}:", f"{deeper}case [{draw(name)}, *_]:", *_shifted(body)]
        if kind == "class":
            base = draw(st.sampled_from(["", "(Producer)", f"({draw(name)})"]))
            return [f"{indent}class {draw(name)}{base}:", *body]
        decorator = draw(st.sampled_from(["", "", "@property", "@staticmethod", f"@{draw(name)}"]))
        head = [indent + decorator] if decorator else []
        parameters = draw(st.sampled_from(["self", "self, x", "*a, **b", f"x={one}", ""]))
        word = draw(st.sampled_from(["def", "async def"]))
        function = draw(st.sampled_from([*NAMES, "__init__", "__enter__", "__call__"]))
        return [*head, f"{indent}{word} {function}({parameters}):", *body]

    head = [
        "import os, json, functools",
        "from confluent_kafka import Producer",
        "from kafka import KafkaConsumer",
    ]
    return "\n".join([*head, *block(3, "", "module"), ""])


def kind_of(kind: str) -> str:
    return "function" if kind == "def" else "class"


def _shifted(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


# Programs that Python runs ------------------------------------------------------------------------


@st.composite
def running_programs(draw: st.DrawFn) -> str:
    """A program that ends without an error and constructs a producer at its last line.

    `toss(n)` is a coin the checker cannot see; d0, d1, … are dicts, v0, v1, … texts.
    """
    lines = ["from confluent_kafka import Producer", "from house import toss", ""]
    fresh = iter(range(1000))
    coins = iter(range(1000))
    dicts: list[str] = []
    texts: list[str] = []

    def value() -> str:
        known = [f"'{one}'" for one in ("0", "1", "all")]
        return draw(st.sampled_from(known + texts))

    def key() -> str:
        return draw(st.sampled_from(KEYS))

    def display() -> str:
        parts = [f"'{key()}': {value()}" for _ in range(draw(st.integers(0, 2)))]
        with_another = draw(st.booleans())
        if dicts and with_another:
            parts.insert(draw(st.integers(0, len(parts))), f"**{draw(st.sampled_from(dicts))}")
        return "{" + ", ".join(parts) + "}"

    def expression() -> str:
        if not dicts:
            return display()
        one = draw(st.sampled_from(dicts))
        other = draw(st.sampled_from(dicts))
        shapes = [
            display(), one, f"{one}.copy()", f"dict({one})", f"dict({one}, **{other})",
            f"{one} | {other}", f"dict({one}, acks={value()})", f"({one} or {other})",
            f"({one} if toss({next(coins)}) else {other})", f"[{one}, {other}][1]",
            f"{{k: v for k, v in {one}.items()}}", f"{{k: v for k, v in {one}.items() if k != 'acks'}}",
            f"dict({one}.items())", f"(lambda c: {{**c, '{key()}': {value()}}})({one})",
            f"{{'n': {one}}}['n']", f"{{'n': {one}}}.get('m', {other})",
        ]  # fmt: skip
        return draw(st.sampled_from(shapes))

    def changes(indent: str, depth: int, own: list[str]) -> list[str]:
        result: list[str] = []
        for _ in range(draw(st.integers(1, 3))):
            result.extend(change(indent, depth, own))
        return result

    def change(indent: str, depth: int, own: list[str]) -> list[str]:
        target = draw(st.sampled_from(own))
        kinds = ["set", "set", "update", "keywords", "pop", "delete", "default", "merge", "clear"]
        kinds += ["if", "if else", "try", "for", "items", "else"] if depth else []
        kind = draw(st.sampled_from(kinds))
        deeper = indent + "    "
        if kind == "set":
            return [f"{indent}{target}['{key()}'] = {value()}"]
        if kind == "update":
            return [f"{indent}{target}.update({expression()})"]
        if kind == "keywords":
            return [f"{indent}{target}.update(acks={value()})"]
        if kind == "pop":
            return [f"{indent}{target}.pop('{key()}', None)"]
        if kind == "delete":
            name = key()
            return [f"{indent}if '{name}' in {target}:", f"{deeper}del {target}['{name}']"]
        if kind == "default":
            return [f"{indent}{target}.setdefault('{key()}', {value()})"]
        if kind == "merge":
            return [f"{indent}{target} |= {expression()}"]
        if kind == "clear":
            return [f"{indent}{target}.clear()"]
        body = changes(deeper, depth - 1, own)
        if kind == "if":
            return [f"{indent}if toss({next(coins)}):", *body]
        if kind == "if else":
            test = f"toss({next(coins)})"
            return [
                f"{indent}if {test}:",
                *body,
                f"{indent}else:",
                *changes(deeper, depth - 1, own),
            ]
        if kind == "try":
            failing = f"{deeper}if toss({next(coins)}):\n{deeper}    raise KeyError"
            handled = changes(deeper, depth - 1, own)
            order = draw(st.sampled_from([[failing, *body], [*body, failing]]))
            return [f"{indent}try:", *order, f"{indent}except KeyError:", *handled]
        if kind == "for":
            number = next(fresh)
            pairs = f"[('{key()}', {value()}), ('{key()}', {value()})]"
            body = [f"{deeper}{target}[k{number}] = w{number}"]
            if draw(st.booleans()):
                end = draw(st.sampled_from(["break", "continue"]))
                body.insert(0, f"{deeper}if toss({next(coins)}):\n{deeper}    {end}")
            return [f"{indent}for k{number}, w{number} in {pairs}:", *body]
        if kind == "items":
            number = next(fresh)
            source = expression()
            return [
                f"{indent}for k{number}, w{number} in list(({source}).items()):",
                f"{deeper}{target}[k{number}] = w{number}",
            ]
        number = next(fresh)
        return [
            f"{indent}for k{number} in ['{key()}']:",
            f"{deeper}{target}[k{number}] = {value()}",
            f"{indent}else:",
            *body,
        ]

    def function() -> list[str]:
        number = next(fresh)
        parameter = f"p{number}"
        kept, kept_texts = list(dicts), list(texts)
        dicts[:] = [parameter]
        texts[:] = [f"t{number}"]
        body = changes("    ", 1, [parameter])
        if draw(st.booleans()):
            body += [f"    if toss({next(coins)}):", f"        return {expression()}"]
            body += changes("    ", 0, [parameter])
        result = f"    return {expression()}"
        dicts[:], texts[:] = kept, kept_texts
        name = f"f{number}"
        call = f"{name}({draw(st.sampled_from(dicts))}, {value()})"
        default = draw(st.sampled_from(["", "='1'"]))
        target = f"d{next(fresh)}"
        lines_ = [f"def {name}({parameter}, t{number}{default}):", *body, result, ""]
        dicts.append(target)
        return [*lines_, f"{target} = {call}"]

    def klass() -> list[str]:
        number = next(fresh)
        name, target = f"C{number}", f"d{next(fresh)}"
        source = draw(st.sampled_from(dicts))
        changed = changes("        ", 0, ["self.conf"])
        lines_ = [
            f"class {name}:",
            f"    base = {display()}",
            "",
            "    def __init__(self, conf):",
            f"        self.conf = {draw(st.sampled_from(['conf', 'dict(conf)', '{**self.base, **conf}']))}",
            "",
            "    def change(self):",
            *changed,
            "        return self.conf",
            "",
            f"o{number} = {name}({source})",
            f"{target} = {draw(st.sampled_from([f'o{number}.change()', f'o{number}.conf', f'{name}.base']))}",
        ]
        dicts.append(target)
        return lines_

    def options() -> list[str]:
        """A function that takes its settings as keywords."""
        number = next(fresh)
        name, target = f"g{number}", f"d{next(fresh)}"
        own = f"acks={value()}" if draw(st.booleans()) else f"**{draw(st.sampled_from(dicts))}"
        given = draw(st.sampled_from([own, f"{own}, retries={value()}" if "=" in own else own, ""]))
        default = draw(st.sampled_from(["", f"acks={value()}, "]))
        inside = draw(st.sampled_from(["kw", "dict(kw, retries='1')", "{'acks': '0', **kw}"]))
        if default:
            inside = draw(st.sampled_from([inside, "{'acks': acks, **kw}", "dict(kw, acks=acks)"]))
        body = changes("    ", 0, ["kw"])
        dicts.append(target)
        head = f"def {name}({default}**kw):"
        return [head, *body, f"    return {inside}", "", f"{target} = {name}({given})"]

    def closure() -> list[str]:
        """A function inside a function, which changes a dict or a text of the outer one."""
        number = next(fresh)
        name, target = f"h{number}", f"d{next(fresh)}"
        source = draw(st.sampled_from(dicts))
        rebinds = [f"        conf = {{**conf, 'acks': {value()}}}", f"        text = {value()}"]
        inner = draw(st.sampled_from([*rebinds, f"        conf['acks'] = {value()}"]))
        scope = "text" if inner == rebinds[1] else "conf"
        call = [f"    if toss({next(coins)}):", "        inner()"]
        dicts.append(target)
        return [
            f"def {name}(conf):",
            "    text = '1'",
            "",
            "    def inner():",
            f"        nonlocal {scope}",
            inner,
            "",
            *draw(st.sampled_from([call, ["    inner()"]])),
            "    return {**conf, 'retries': text}",
            "",
            f"{target} = {name}({source})",
        ]

    def family() -> list[str]:
        """Classes that derive from one another, with attributes and a method that calls super."""
        number = next(fresh)
        target = f"d{next(fresh)}"
        levels = [f"    level = {value()}" if draw(st.booleans()) else "    pass" for _ in range(3)]
        own = draw(st.sampled_from(["self.level", "type(self).level", f"B{number}.level"]))
        last = draw(st.sampled_from([f"(M{number}, L{number})", f"(L{number}, M{number})"]))
        dicts.append(target)
        return [
            f"class B{number}:",
            "    level = '0'",
            "",
            "    def conf(self):",
            f"        return {{'acks': {own}}}",
            "",
            f"class L{number}(B{number}):",
            levels[0],
            "",
            f"class M{number}(B{number}):",
            levels[1],
            "",
            "    def conf(self):",
            "        return {**super().conf(), 'retries': self.level}",
            "",
            f"class D{number}{last}:",
            levels[2],
            "",
            f"{target} = {draw(st.sampled_from(['D', 'M', 'L']))}{number}().conf()",
        ]

    def loop() -> list[str]:
        """A while loop that counts to an end, or that a coin ends.

        A loop is followed for one round, so nothing in it may depend on an earlier one.
        """
        number = next(fresh)
        test = draw(st.sampled_from([f"n{number} < 2", "True"]))
        end = "        break" if test == "True" else "        pass"
        changed = change("    ", 0, dicts)
        leave = [f"    if toss({next(coins)}) or n{number} > 2:", end]
        order = [*leave, *changed] if draw(st.booleans()) else [*changed, *leave]
        return [f"n{number} = 0", f"while {test}:", f"    n{number} += 1", *order]

    for _ in range(draw(st.integers(2, 6))):
        kinds = ["dict", "text", "change", "change", "function", "class"]
        kind = draw(st.sampled_from([*kinds, "options", "closure", "family", "loop"]))
        if kind == "dict" or not dicts:
            name = f"d{next(fresh)}"
            lines.append(f"{name} = {expression()}")
            dicts.append(name)
        elif kind == "text":
            name = f"v{next(fresh)}"
            one = draw(
                st.sampled_from(["'1'", "('1' if toss(900) else '0')", "'a' + 'll'", "str(1)"])
            )
            lines.append(f"{name} = {one}")
            texts.append(name)
        elif kind == "change":
            lines.extend(change("", 2, dicts))
        elif kind == "function":
            lines.extend(function())
        elif kind in ("options", "closure", "family", "loop"):
            parts = {"options": options, "closure": closure, "family": family, "loop": loop}
            lines.extend(parts[kind]())
        else:
            lines.extend(klass())
    lines.append(f"Producer({draw(st.sampled_from([*dicts, expression()]))})")
    return "\n".join([*lines, ""])


@dataclass(frozen=True, slots=True)
class Given:
    """What the producer of the last line really got."""

    settings: dict[str, str]


def run_by_python(source: str, coin: Callable[[int], bool]) -> Given:
    """Run a program with a producer that only looks at its configuration."""
    got: list[dict[str, str]] = []
    modules: dict[str, Any] = {
        "confluent_kafka": types.SimpleNamespace(Producer=lambda conf: got.append(dict(conf))),
        "house": types.SimpleNamespace(toss=coin),
    }

    def importing(name: str, *_: object) -> Any:
        return modules[name]

    import builtins

    scope = {"__builtins__": {**vars(builtins), "__import__": importing}}
    exec(compile(source, "app/main.py", "exec"), scope)
    return Given(got[-1])
