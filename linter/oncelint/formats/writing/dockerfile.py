"""`ENV` instructions of a Dockerfile.

The mapping that is edited is the argument of one `ENV`. Where it holds several variables a new one
joins them, on a line of its own where they stand so; else it becomes an instruction of its own
below. An instruction that loses its last variable goes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from oncelint.formats import read
from oncelint.formats.operations import Operation
from oncelint.formats.tree import FormatError, Mapping, Scalar
from oncelint.formats.writing.assignments import Pairs, Plan, joined, pairs, planned, replaced
from oncelint.formats.writing.lines import MISREAD, line_end, lines_around
from oncelint.patches import CannotWrite, Patch, apply
from oncelint.text import SourceText

_PLAIN = re.compile(r"[\w./:,@%+=*?!~-]+")
_SPECIAL = re.compile(r'(["\\$])')


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on `mapping`, the argument of an `ENV`.

    Raises CannotWrite when one of them cannot be carried out.
    """
    before = _environment(text)
    if not any(found is not None and found == mapping for found, _ in before):
        raise CannotWrite("the variables do not stand in this text")
    plan = planned(mapping, operations)
    patches: list[Patch] = []
    removed = [index for index, task in plan.tasks.items() if task.removed]
    alone = len(removed) == len(mapping.entries)
    if alone:
        patches.append(_instruction_gone(text, mapping))
    else:
        patches.extend(_runs(mapping, removed))
    for index, task in plan.tasks.items():
        entry = mapping.entries[index]
        if task.key is not None:
            patches.append(Patch(entry.key.start, entry.key.end, task.key))
        if task.value is not None and isinstance(entry.value, Scalar):
            token = _token(text, task.value, entry.value.style)
            patches.append(replaced(text, entry.value.start, entry.value.end, token))
    for anchor, adds in plan.anchored(mapping).items():
        patches.append(_added(text, mapping, anchor, adds))
    result = joined(patches)
    _verify(text, result, before, mapping, plan)
    return result


def _environment(text: str) -> list[tuple[Mapping | None, str]]:
    """The variables of every `ENV` in order; of other instructions their text."""
    try:
        document = read("dockerfile", SourceText("", text))
    except FormatError as error:
        raise CannotWrite(f"the text cannot be read: {error.reason}") from None
    found: list[tuple[Mapping | None, str]] = []
    for root in document.roots:
        for entry in root.entries if isinstance(root, Mapping) else ():
            if entry.key.text == "ENV" and isinstance(entry.value, Mapping):
                found.append((entry.value, ""))
            else:
                found.append((None, text[entry.key.start : entry.value.end]))
    return found


def _token(text: str, value: str, style: str) -> str:
    """A value in quotes where it needs them, or has had them."""
    if style == "plain" and _PLAIN.fullmatch(value):
        return value
    if style == "single" and "'" not in value:
        return f"'{value}'"
    if re.match(r"#\s*escape\s*=\s*`", text, re.IGNORECASE) and _SPECIAL.search(value):
        raise CannotWrite("the value would have to be escaped in the file's own way")
    escaped = _SPECIAL.sub(r"\\\1", value)
    return f'"{escaped}"'


def _instruction_gone(text: str, mapping: Mapping) -> Patch:
    lines = lines_around(text, mapping.start, mapping.end)
    head = text.rfind("ENV", 0, mapping.start)
    if head < 0:
        head = text.upper().rfind("ENV", 0, mapping.start)
    start = lines_around(text, max(head, 0), mapping.end).start
    return Patch(start, lines.stop, "")


def _runs(mapping: Mapping, removed: Sequence[int]) -> list[Patch]:
    """The entries that go, with what parts them from the next one; the last ones with what parts
    them from the one before."""
    entries = mapping.entries
    patches: list[Patch] = []
    kept = [index for index in range(len(entries)) if index not in removed]
    for index in removed:
        if index < kept[-1]:
            patches.append(Patch(entries[index].key.start, entries[index + 1].key.start, ""))
    if removed and max(removed) > kept[-1]:
        patches.append(Patch(entries[kept[-1]].value.end, entries[-1].value.end, ""))
    return patches


def _added(text: str, mapping: Mapping, anchor: int, adds: Sequence[tuple[str, str]]) -> Patch:
    entries = mapping.entries
    like = entries[anchor]
    style = like.value.style if isinstance(like.value, Scalar) else "plain"
    written = [f"{key}={_token(text, value, style)}" for key, value in adds]
    if len(entries) > 1:
        near = anchor if anchor + 1 < len(entries) else anchor - 1
        between = text[entries[near].value.end : entries[near + 1].key.start]
        if "#" in between:
            raise CannotWrite("a comment stands between the variables")
        return Patch(like.value.end, like.value.end, "".join(between + one for one in written))
    lines = lines_around(text, mapping.start, mapping.end)
    first = lines_around(text, mapping.start, mapping.start)
    indent = re.match(r"[ \t]*", text[first.start :])
    head = indent.group() if indent else ""
    end = line_end(text, lines)
    new = "".join(f"{end}{head}{_word(text, mapping)} {one}" for one in written)
    return Patch(lines.end, lines.end, new)


def _word(text: str, mapping: Mapping) -> str:
    """`ENV` as the instruction spells it."""
    found = re.search(r"(env)(?:\s|\\)*\Z", text[: mapping.start], re.IGNORECASE)
    return found.group(1) if found else "ENV"


def _verify(
    text: str,
    patches: Sequence[Patch],
    before: Sequence[tuple[Mapping | None, str]],
    mapping: Mapping,
    plan: Plan,
) -> None:
    """Raise CannotWrite when the edited text says anything else than it should."""
    meant = [
        (plan.meant(found) if found == mapping else pairs(found), "")
        if found is not None
        else (None, other)
        for found, other in before
    ]
    after = [
        (pairs(found), "") if found is not None else (None, other)
        for found, other in _environment(apply(text, patches))
    ]
    if _flat(meant) != _flat(after):
        raise CannotWrite(MISREAD)


def _flat(found: Sequence[tuple[Pairs | None, str]]) -> list[object]:
    """Variable by variable, for it does not matter which `ENV` has one."""
    flat: list[object] = []
    for variables, other in found:
        flat.extend([other] if variables is None else variables)
    return flat
