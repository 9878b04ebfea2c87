"""Shell scripts: words, here-documents and what stands in them, compared with bash where it is."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.hosts import embedded, hosted
from oncelint.formats.hosts.words import region
from oncelint.formats.operations import Add, Change, Operation, render
from oncelint.formats.shell import Command, commands
from oncelint.formats.tree import FormatError, Mapping, Scalar
from oncelint.patches import CannotWrite, Patch, apply
from oncelint.text import SourceText

BASH = shutil.which("bash")


def _commands(script: str) -> tuple[Command, ...]:
    return commands(SourceText("script.sh", script))


def _argv(script: str) -> list[tuple[str, ...]]:
    return [one.argv for one in _commands(script) if one.words]


def test_words_lose_their_quotes() -> None:
    script = """echo 'it is' "a $HOME b" c\\ d e'f'"g" $'h' "\\$x" `date` ${y:-z}\n"""
    (argv,) = _argv(script)
    assert argv[1:4] == ("it is", "a ${HOME} b", "c d")
    assert argv[4:] == ("efg", "h", "$x", "${date}", "${y:-z}")


def test_what_is_expanded_is_not_known() -> None:
    (command,) = _commands("kafka-topics --topic orders --partitions $N '$N'\n")
    assert [word.known for word in command.words] == [True, True, True, True, False, True]


def test_commands_are_found_wherever_they_stand() -> None:
    script = """\
#!/bin/bash
if ! [ -f x ]; then first a; fi
for i in 1 2; do second "$i" & done
third() { fourth; }
x=$(fifth | sixth)
case "$1" in a|b) seventh ;; esac
(cd y && eighth) || ninth > out 2>&1
tenth "$(eleventh \\
  --long)"
"""
    names = {argv[0] for argv in _argv(script)}
    assert names >= {"first", "second", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"}
    assert names >= {"tenth", "eleventh"}


def test_runners_are_no_part_of_a_command() -> None:
    assert _argv("sudo time kafka-topics --list\n") == [("kafka-topics", "--list")]


def test_a_pipeline_and_its_redirects() -> None:
    found = {one.argv[0]: one for one in _commands("echo x | tee -a log.txt >/dev/null 2>&1\n")}
    assert found["tee"].piped == found["echo"]
    assert [(one.operator, one.target.text) for one in found["tee"].redirects] == [
        (">", "/dev/null"),
        (">&", "1"),
    ]
    assert found["tee"].argv == ("tee", "-a", "log.txt")


def test_comments_are_no_commands() -> None:
    text = SourceText("script.sh", "# curl -d '{\nreal a#b # told 'x\n")
    assert [one.argv for one in commands(text)] == [("real", "a#b")]
    assert [one.text for one in read("shell", text).comments] == ["curl -d '{", "told 'x"]


def test_two_here_documents_of_one_line() -> None:
    first, second = _commands("cat <<A; cat <<'B' | sort\none $x\nA\ntwo $x\nB\n")[:2]
    assert [one.text for one in first.heredocs] == ["one ${x}\n"]
    assert [one.text for one in second.heredocs] == ["two $x\n"]


def test_tabs_before_the_lines_of_a_here_document() -> None:
    (command,) = _commands("cat <<-X\n\ta\n\t\tb $c\n\tX\nafter\n")[:1]
    assert [one.text for one in command.heredocs] == ["a\nb ${c}\n"]


def test_what_is_never_closed_reaches_to_the_end() -> None:
    for script in ("echo 'a\nb", 'echo "a\nb', "cat <<X\na\n", "echo $(a", "echo ${a", "echo `a"):
        assert _commands(script)


def test_nesting_is_limited() -> None:
    with pytest.raises(FormatError):
        _commands("$(" * 5000)


def test_a_script_of_thousands_of_lines() -> None:
    line = 'curl -d \'{"a": "b"}\' "$(cat <<X\n{"a": $b}\nX\n)" | jq . # c\n'
    assert len(_commands(line * 5_000)) == 5_000 * len(_commands(line))


# Texts inside -----------------------------------------------------------------------------------


def _inside(script: str) -> list[tuple[str, str, str]]:
    text = SourceText("script.sh", script)
    return [(e.kind, e.name, e.region.text) for e in embedded("shell", read("shell", text), text)]


def test_an_expansion_outside_a_json_string_becomes_one() -> None:
    script = """curl -d '{"a": '$N', "b": "x-'"$M"'"}' url\n"""
    ((kind, _, body),) = _inside(script)
    assert kind == "json"
    assert json.loads(body) == {"a": "${N}", "b": "x-${M}"}


def test_ansi_quotes() -> None:
    ((kind, _, body),) = _inside(
        r"""curl -d $'{"a": "it\'s\x20\u00e9", "b": "\\n"}\n' url""" + "\n"
    )
    assert kind == "json"
    assert json.loads(body) == {"a": "it's \u00e9", "b": "\n"}


def test_a_command_in_a_json_file() -> None:
    text = SourceText("sink.json", """curl -X PUT u/connectors/a/config -d '{"a": 1}'\n""")
    ((kind, region),) = [(e.kind, e.region) for e in embedded("json", read("json", text), text)]
    assert kind == "shell"
    assert [one.text for one in _commands(region.text)[0].words][-1] == '{"a": 1}'


def test_files_are_known_by_their_names() -> None:
    script = (
        "cat > /etc/w.properties <<E\na=$b\nE\necho '{\"a\": 1}' > x.json\ntee q.sql <<E\nx\nE\n"
    )
    assert [(kind, name) for kind, name, _ in _inside(script)] == [
        ("properties", "w.properties"),
        ("json", "x.json"),
        ("sql", "q.sql"),
    ]


def test_scripts_in_scripts() -> None:
    assert _inside("docker exec -it x bash -c 'kafka-topics --list'\n") == [
        ("shell", "script.shell", "kafka-topics --list")
    ]
    assert _inside("psql -c 'select 1'\n") == []


def test_only_what_looks_like_json_is_json() -> None:
    assert _inside("[ -f x ] && echo '{a}' \"[x]\" '{}'\n") == []


EDITED = {
    "single": """curl -d '{"a": "it"}' u\n""",
    "double": """curl -d "{\\"a\\": \\"it\\"}" u\n""",
    "here": """curl -d @- u <<E\n{"a": "it"}\nE\n""",
    "verbatim": """curl -d @- u <<'E'\n{"a": "it"}\nE\n""",
    "variable": """P='{"a": "it"}'\n""",
    "ansi": """curl -d $'{"a": "it"}' u\n""",
}


@pytest.mark.parametrize("quoting", EDITED)
@pytest.mark.parametrize("value", ["plain", "it's", 'a "b"', "$x `y` \\z", "{}"])
def test_an_edit_is_quoted_as_its_text_is(quoting: str, value: str) -> None:
    edited = _edited(EDITED[quoting], value)
    ((_, _, body),) = _inside(edited)
    assert json.loads(body) == {"a": value, "b": value}


def _edited(script: str, value: str) -> str:
    text = SourceText("script.sh", script)
    (inner,) = embedded("shell", read("shell", text), text)
    root = read("json", inner.region).roots[0]
    assert isinstance(root, Mapping)
    operations: list[Operation] = [Change(root.entries[0], value), Add("b", value)]
    patches: list[Patch] = hosted(render("json", inner.region.text, root, operations), inner.region)
    return apply(script, patches)


def test_a_text_of_several_quotings_is_not_written() -> None:
    with pytest.raises(CannotWrite):
        _edited("""curl -d '{"a": "it", "c": '$N'}' u\n""", "x")
    with pytest.raises(CannotWrite):
        _edited("""curl -d '{"a": '"\\"it\\""'}' u\n""", "x")


def test_places_are_those_of_the_script() -> None:
    script = """curl -d "{\\"a\\": \\"it\\"}" u\n"""
    text = SourceText("script.sh", script)
    (inner,) = embedded("shell", read("shell", text), text)
    root = read("json", inner.region).roots[0]
    assert isinstance(root, Mapping)
    value = root.entries[0].value
    assert isinstance(value, Scalar)
    span = inner.region.span(value.start, value.end)
    assert text.slice(span) == '\\"it\\"'


# As bash reads it -------------------------------------------------------------------------------

_TEXT = st.text(st.sampled_from("ab '\"\\$`{}\n\t#;|&<>()!*?~=-é"), max_size=12)


def _double(text: str) -> str:
    return '"' + "".join("\\" + c if c in '\\"$`' else c for c in text) + '"'


def _escaped(text: str) -> str:
    return "".join("'\n'" if c == "\n" else "\\" + c for c in text) or "''"


@pytest.mark.skipif(BASH is None, reason="no bash")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from([shlex.quote, _double, _escaped]), _TEXT), max_size=6))
def test_words_are_bashs(words: list[tuple[object, str]]) -> None:
    script = "printf '%s\\0' x " + " ".join(quote(text) for quote, text in words) + "\n"  # type: ignore[operator]
    assert BASH is not None
    output = subprocess.run([BASH, "-c", script], capture_output=True, check=True).stdout
    (argv,) = _argv(script)
    assert list(argv[2:]) == output.decode().split("\0")[:-1]


@pytest.mark.skipif(BASH is None, reason="no bash")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_TEXT, st.sampled_from(["E", "'E'", '"E"', "-E", "-'E'"]))
def test_here_documents_are_bashs(body: str, delimiter: str) -> None:
    # what would be expanded is not compared, nor a body that a backslash joins with its end
    body = body.replace("$", "S").replace("`", "'").rstrip("\\")
    script = f"cat <<{delimiter}\n{body}\nE\n"
    assert BASH is not None
    output = subprocess.run([BASH, "-c", script], capture_output=True, check=True).stdout
    (command,) = _commands(script)
    assert [one.text for one in command.heredocs] == [output.decode()]


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab '\"\\$`{}()<\n\t#;|&-E="), max_size=40))
def test_any_text_is_read_and_its_places_hold(script: str) -> None:
    text = SourceText("script.sh", script)
    for command in commands(text):
        assert 0 <= command.start <= command.end <= len(script)
        for word in (*command.words, *command.heredocs, *command.assignments):
            assert command.start <= word.end <= len(script)
            found = region(word, text)
            if found is not None:
                assert found.text == word.text
                for piece in found.pieces:
                    if piece.length == piece.host_length and not found.text[
                        piece.start : piece.start + piece.length
                    ].startswith("${"):
                        start = piece.host_start
                        own = found.text[piece.start : piece.start + piece.length]
                        assert script[start : start + piece.host_length] == own
