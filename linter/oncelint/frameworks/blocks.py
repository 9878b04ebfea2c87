"""From a format's tree to facts, shared by the recognisers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from oncelint.formats.tree import Entry, Mapping, Node, Scalar, Sequence
from oncelint.model.facts import Alternative, Block, Duplicate, Home, WrittenSetting
from oncelint.model.values import Known, Origin, Span, Unknown, Value
from oncelint.text import Text


def mappings(node: Node, trail: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping]]:
    """Every mapping of a tree with the keys that lead to it, outermost first."""
    stack: list[tuple[tuple[str, ...], Node]] = [(trail, node)]
    seen: set[int] = set()
    while stack:
        where, top = stack.pop()
        if id(top) in seen:
            continue
        seen.add(id(top))
        if isinstance(top, Mapping):
            yield where, top
            stack.extend(((*where, entry.key.text), entry.value) for entry in reversed(top.entries))
        elif isinstance(top, Sequence):
            stack.extend((where, item) for item in reversed(top.items))


def keys_of(mapping: Mapping) -> set[str]:
    return {entry.key.text for entry in mapping.entries}


def block_of(
    mapping: Mapping,
    text: Text,
    *,
    keep: Callable[[Entry], bool] = lambda entry: True,
    strip: str = "",
) -> Block:
    """The settings of a mapping: nested ones are no settings, lists are their items.

    Only entries that `keep` accepts count; `strip` is a prefix taken off for looking the key up
    (the key stays spelled as the file has it).
    """
    settings: dict[str, WrittenSetting] = {}
    duplicates: list[Duplicate] = []
    for entry in mapping.entries:
        key = entry.key.text
        if not keep(entry) or isinstance(entry.value, Mapping):
            continue
        name = key.removeprefix(strip)
        key_span = text.span(entry.key.start, entry.key.end)
        earlier = settings.pop(name, None)
        if earlier is not None:
            if entry.merged:
                settings[name] = earlier
                continue
            if earlier.key_span != key_span:
                duplicates.append(Duplicate(key, earlier.key_span, key_span))
        span = text.span(entry.value.start, entry.value.end)
        value = value_of(entry.value)
        shown = text.text[entry.value.start : entry.value.end]
        origin = Origin("file", shown if len(shown) < 200 else shown[:200], span)
        alternatives = (Alternative(value, (), span, (origin,)),)
        settings[name] = WrittenSetting(name, key_span, alternatives, key if strip else None)
    home = Home(text.span(mapping.start, mapping.end), "mapping", strip)
    return Block(tuple(settings.values()), mapping.open_reason, tuple(duplicates), (home,))


def value_of(node: Node) -> Value:
    """What a scalar or a list of scalars says; a placeholder is unknown."""
    if isinstance(node, Scalar):
        if isinstance(node.value, str) and is_placeholder(node.value):
            return Unknown(f"the placeholder {node.value}")
        return Known(node.value)
    if isinstance(node, Sequence):
        items = [item.value for item in node.items if isinstance(item, Scalar)]
        if len(items) == len(node.items):
            return Known(tuple(items))
    return Unknown("a nested value")


def is_placeholder(value: str) -> bool:
    """Whether a value is filled in elsewhere: `${VAR}`, `{{ x }}`, `%(x)s`, `<your key>`, `@x@`."""
    return (
        "${" in value
        or "{{" in value
        or "%(" in value
        or "#{" in value
        or (value.startswith("$") and len(value) > 1)
        or (value.startswith("<") and value.endswith(">"))
        or (value.startswith("@") and value.endswith("@") and len(value) > 2)
        or (value.startswith("%") and value.endswith("%") and len(value) > 2)
    )


def layered(*blocks: Block) -> Block:
    """Several blocks as one: of settings with one key the later block's counts, and what it hides
    stays among its origins. Homes come from the last block first."""
    settings: dict[str, WrittenSetting] = {}
    for block in blocks:
        for setting in block.settings:
            hidden = settings.pop(setting.key, None)
            settings[setting.key] = setting if hidden is None else _over(setting, hidden)
    return Block(
        tuple(settings.values()),
        next((one.open_reason for one in blocks if one.open_reason is not None), None),
        tuple(duplicate for block in blocks for duplicate in block.duplicates),
        tuple(home for block in reversed(blocks) for home in block.homes),
    )


def _over(setting: WrittenSetting, hidden: WrittenSetting) -> WrittenSetting:
    origins = tuple(
        replace(origin, note=origin.note or "overridden")
        for alternative in hidden.alternatives
        for origin in alternative.origins
    )
    return replace(
        setting,
        alternatives=tuple(
            replace(one, origins=(*one.origins, *origins)) for one in setting.alternatives
        ),
    )


def span_of(mapping: Mapping, text: Text) -> Span:
    """Where a block stands: its first key."""
    if mapping.entries:
        first = mapping.entries[0].key
        return text.span(first.start, first.end)
    return text.span(mapping.start, mapping.end)
