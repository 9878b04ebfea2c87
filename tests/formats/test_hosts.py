"""Documents inside documents: where they stand, and what an edit of them does to their host."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.hosts import embedded, hosted
from oncelint.patches import Patch, apply
from oncelint.text import SourceText

_LINES = st.lists(
    st.one_of(
        st.just(""),
        st.from_regex(r"[a-z.]{1,8}=[a-z0-9]{0,6}", fullmatch=True),
        st.from_regex(r"  [a-z]{1,5}: [a-z]{1,5}", fullmatch=True),
        st.just("# a comment"),
    ),
    min_size=1,
    max_size=6,
).filter(lambda lines: bool(lines[0].strip()) and not lines[0].startswith(" "))


@st.composite
def _patches(draw: st.DrawFn, starts: list[int], text: str) -> list[Patch]:
    """Inserted, removed and changed lines, apart from each other; the first line stays."""
    found = []
    for number, start in enumerate(starts[1:], 1):
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        kind = draw(st.sampled_from(["keep", "keep", "insert", "remove", "change", "append"]))
        if kind == "insert":
            found.append(Patch(start, start, "acks=all\n"))
        elif kind == "remove":
            found.append(Patch(start, end, ""))
        elif kind == "change" and "=" in text[start:end]:
            at = text.index("=", start) + 1
            found.append(Patch(at, at, "9"))
        elif kind == "append" and end > start:
            at = end - text[start:end].endswith("\n")
            found.append(Patch(at, at, "\nretries=3"))
    return found


def _host(lines: list[str], header: str, indent: int) -> str:
    body = "".join(f"{' ' * indent if line else ''}{line}\n" for line in lines)
    return f"kind: ConfigMap\ndata:\n  a.properties: {header}\n{body}---\nkind: Service\n"


@given(
    lines=_LINES,
    header=st.sampled_from(["|", "|-", "|+", "| # note"]),
    indent=st.integers(3, 6),
    data=st.data(),
)
def test_an_edit_of_an_embedded_text_is_that_edit_of_what_yaml_reads(
    lines: list[str], header: str, indent: int, data: st.DataObject
) -> None:
    host = SourceText("cm.yaml", _host(lines, header, indent))
    (found,) = embedded("yaml", read("yaml", host), host)
    text = found.region.text
    assert text.rstrip("\n") == yaml.safe_load(host.text.split("---")[0])["data"][
        "a.properties"
    ].rstrip("\n")
    starts = [0, *(n + 1 for n, c in enumerate(text) if c == "\n")]
    patches = data.draw(_patches(starts, text))
    edited = apply(host.text, hosted(patches, found.region))
    after = yaml.safe_load(edited.split("---")[0])["data"]["a.properties"]
    assert (after or "").rstrip("\n") == apply(text, patches).rstrip("\n")
    assert edited.endswith("---\nkind: Service\n")


@given(lines=_LINES, indent=st.integers(3, 6))
def test_every_line_of_an_embedded_text_has_its_place(lines: list[str], indent: int) -> None:
    host = SourceText("cm.yaml", _host(lines, "|", indent))
    (found,) = embedded("yaml", read("yaml", host), host)
    offset = 0
    for number, line in enumerate(found.region.text.split("\n")):
        if line:
            span = found.region.span(offset, offset + len(line))
            assert host.slice(span) == line
            assert span.start.line == 4 + number
        offset += len(line) + 1
