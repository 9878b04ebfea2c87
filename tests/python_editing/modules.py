"""Random Python modules in random styles."""

from __future__ import annotations

from random import Random

LITERALS = (
    "1", "-2", "0.5", "1_000", "True", "False", "None", "'x'", '"y"', "'False'", '"TRUE"',
    "r'z'", "'ü😀'", "'a' \"b\"", "( 'p' )", "b'q'", '"""m\nn"""', "'it\\'s'",
)  # fmt: skip
NAMES = ("x", "ünï", "settings.acks", "mod.é.name", "os.environ['A']", "x or 1", "f'{x}é'")
COMMENTS = ("# why", "# (, ünï", "#", "# a=1, 'b'")


class Modules:
    """Writes one module."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.newline = random.choice(("\n", "\n", "\r\n"))
        self.unit = random.choice(("    ", "  ", "\t"))
        self.count = 0

    def chance(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0

    def name(self) -> str:
        self.count += 1
        return self.random.choice(("k", "key_", "linger", "é")) + str(self.count)

    def comment(self, before: str = "  ") -> str:
        return before + self.random.choice(COMMENTS) if self.chance(3) else ""

    # Expressions ------------------------------------------------------------------------------

    def literal(self) -> str:
        return self.random.choice(LITERALS).replace("\n", self.newline)

    def value(self, depth: int, indent: str) -> str:
        kind = self.random.randrange(10 if depth < 3 else 6)
        if kind < 4:
            return self.literal()
        if kind == 4:
            return self.random.choice(NAMES)
        if kind == 5:
            return f"os.environ.get('X', {self.literal()})"
        if kind < 8:
            return self.call(depth, indent)
        return self.display(depth, indent)

    def call(self, depth: int, indent: str) -> str:
        function = self.random.choice(("P", "mod.P", "é.P", "P", "f(x)", "dict"))
        if self.chance(12):
            return f"{function}(i for i in x)"
        count = self.random.randrange(3)
        arguments: list[tuple[str, str, str]] = []
        if function != "dict":
            arguments = [("", "", self.value(depth + 1, indent + self.unit)) for _ in range(count)]
        if self.chance(8) and function != "dict":
            arguments.append(("", "", "*x"))
        for _ in range(self.random.randrange(4)):
            arguments.append((self.name(), "=", self.value(depth + 1, indent + self.unit)))
        if self.chance(6) and function != "dict":
            arguments.append(("", "", "**x"))
        blank = " " if self.chance(10) else ""
        return f"{function}{blank}{self.sequence('(', arguments, ')', indent)}"

    def display(self, depth: int, indent: str) -> str:
        entries: list[tuple[str, str, str]] = []
        for _ in range(self.random.randrange(4)):
            quote = self.random.choice("'\"")
            key = "K" if self.chance(8) else f"{quote}{self.name()}.z{quote}"
            entries.append((key, ":", self.value(depth + 1, indent + self.unit)))
        if self.chance(4):
            entries.insert(self.random.randrange(len(entries) + 1), ("", "", "**x"))
        return self.sequence("{", entries, "}", indent)

    def sequence(
        self, opening: str, elements: list[tuple[str, str, str]], closing: str, indent: str
    ) -> str:
        around = self.random.choice((("", ""), ("", " "), (" ", " ")))
        width = max((len(key) for key, _, _ in elements), default=0)
        aligned = self.chance(4)

        def written(element: tuple[str, str, str]) -> str:
            key, sign, value = element
            if not sign:
                return value
            pad = " " * (width - len(key)) if aligned else ""
            return f"{key}{pad}{around[0]}{sign}{around[1]}{value}"

        texts = [written(element) for element in elements]
        style = self.random.randrange(5)
        inner = indent + self.unit
        trailing = "," if texts and self.chance(2) else ""
        if style < 2 or not texts:
            comma = self.random.choice((", ", ",", " , "))
            pad = " " if self.chance(6) else ""
            return f"{opening}{pad}{comma.join(texts)}{trailing}{pad}{closing}"
        if style == 2:
            start = f",{self.comment()}{self.newline}{inner} "
            return f"{opening}{start.join(texts)}{trailing}{closing}"
        lines = [opening + self.comment()]
        for index, text in enumerate(texts):
            if self.chance(6):
                lines.append(f"{inner}{self.random.choice(COMMENTS)}")
            comma = "," if index < len(texts) - 1 else trailing
            lines.append(f"{inner}{text}{comma}{self.comment()}")
        if self.chance(8):
            lines.append(f"{inner}{self.random.choice(COMMENTS)}")
        lines.append(indent + closing)
        return self.newline.join(lines)

    # Statements -------------------------------------------------------------------------------

    def simple(self, indent: str) -> str:
        value = self.value(0, indent)
        return self.random.choice(
            (
                f"A = {value}",
                f"ä: int = {value}",
                f"conf[{self.random.choice(('K', repr(self.name())))}] = {value}",
                f"conf['{self.name()}'] = {self.literal()}",
                f"conf.setdefault('{self.name()}', {self.literal()})",
                f"conf.update({self.name()}={value})",
                f"assert {value}",
                self.call(0, indent),
            )
        )

    def header(self, indent: str) -> list[str]:
        value, other = self.value(1, indent), self.literal()
        call = self.call(1, indent)
        return self.random.choice(
            (
                [f"if {value}:"],
                [f"while {value}:"],
                [f"for i in {value}:"],
                [f"with {call} as y:"],
                [f"class C({call}):"],
                [f"def f(a={other}, *, b={value}):"],
                [f"@{call}", f"def f(a: int = {other}) -> None:"],
                ["async def f():"],
                [f"@{call}", "@e", f"class C(x, metaclass={value}):"],
            )
        )

    def block(self, indent: str, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self.random.randrange(1, 4)):
            if self.chance(5):
                lines.append(
                    self.random.choice(("", f"{indent}# note", "\f" if not indent else ""))
                )
            kind = self.random.randrange(6)
            if kind == 0 and depth < 3:
                header = self.header(indent)
                lines += (indent + line for line in header[:-1])
                lines.append(indent + header[-1] + self.comment())
                lines += self.block(indent + self.unit, depth + 1)
                if header[-1].startswith("if") and self.chance(2):
                    lines.append(f"{indent}elif {self.value(1, indent)}:")
                    lines += self.block(indent + self.unit, depth + 1)
            elif kind == 1 and depth < 3:
                lines.append(f"{indent}try:")
                lines += self.block(indent + self.unit, depth + 1)
                lines.append(f"{indent}except E as e:{self.comment()}")
                lines += self.block(indent + self.unit, depth + 1)
            elif kind == 2:
                first, second = self.simple(indent), self.simple(indent)
                semicolon = ";" if self.chance(4) else ""
                lines.append(f"{indent}{first}; {second}{semicolon}{self.comment()}")
            else:
                lines.append(indent + self.simple(indent) + self.comment())
        return lines

    def module(self) -> str:
        lines = self.block("", 0)
        return self.newline.join(lines) + ("" if self.chance(5) else self.newline)
