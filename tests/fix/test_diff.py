"""Patches that git itself takes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncelint.fix.apply import Change
from oncelint.fix.diff import quoted, unified

OLD = b"".join(b"line %d\n" % number for number in range(1, 21))


def test_one_change() -> None:
    new = OLD.replace(b"line 5\n", b"line five\n").replace(b"line 20\n", b"line 20")
    assert unified({"app/a.py": Change(OLD, new)}) == (
        b"diff --git a/app/a.py b/app/a.py\n"
        b"--- a/app/a.py\n"
        b"+++ b/app/a.py\n"
        b"@@ -2,7 +2,7 @@\n"
        b" line 2\n line 3\n line 4\n-line 5\n+line five\n line 6\n line 7\n line 8\n"
        b"@@ -17,4 +17,4 @@\n"
        b" line 17\n line 18\n line 19\n-line 20\n+line 20\n\\ No newline at end of file\n"
    )


def test_carriage_returns_and_bytes_stay() -> None:
    change = Change(b"a\r\n\xff=1\r\n", b"a\r\n\xff=2\r\n")
    assert b"@@ -1,2 +1,2 @@\n a\r\n-\xff=1\r\n+\xff=2\r\n" in unified({"x": change})


def test_files_stand_in_order_and_unchanged_ones_do_not() -> None:
    patch = unified({"b": Change(b"1", b"2"), "a": Change(b"1", b"2"), "c": Change(b"1", b"1")})
    assert [line for line in patch.splitlines() if line.startswith(b"diff")] == [
        b"diff --git a/a b/a",
        b"diff --git a/b b/b",
    ]
    assert unified({}) == b""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b.py", "a b.py"),
        ('a"b', r'"a\"b"'),
        ("a\\b", r'"a\\b"'),
        ("tab\tline\n", r'"tab\tline\n"'),
        ("\x01\x7f", r'"\001\177"'),
        ("grün.py", r'"gr\303\274n.py"'),
        ("\udcff.py", r'"\377.py"'),
    ],
)
def test_names_are_quoted_as_git_does(name: str, expected: str) -> None:
    assert quoted(name) == expected


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


@pytest.mark.parametrize(
    "name", ["a", "a b", "sub dir/a b", 'q"uote', "back\\slash", "grün", "\t", "\udcff", "-x", " "]
)
def test_git_finds_the_file(name: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(OLD)
    git(tmp_path, "apply", stdin=unified({name: Change(OLD, OLD[7:])}))
    assert (tmp_path / name).read_bytes() == OLD[7:]


def test_git_writes_the_same_names(tmp_path: Path) -> None:
    """The head of a patch is what git's own would be, but for the index line."""
    git(tmp_path, "init", "-q")
    for name in ("a b", "grün", 'q"uote', "plain"):
        (tmp_path / name).write_bytes(b"1\n")
        git(tmp_path, "add", "-A")
        (tmp_path / name).write_bytes(b"2\n")
        own = [
            line for line in git(tmp_path, "diff").splitlines() if not line.startswith(b"index ")
        ]
        assert unified({name: Change(b"1\n", b"2\n")}).splitlines() == own
        git(tmp_path, "add", "-A")


ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"])
LINE = st.sampled_from(
    [b"", b"a", b"b", b"acks=1", b"caf\xe9", "ü".encode(), b"+x", b"-x", b"\\ No", b"@@ -1 +1 @@"]
)
TEXT = st.builds(
    lambda bom, lines, last: bom + b"".join(line + end for line, end in lines) + last,
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.lists(st.tuples(LINE, ENDS), max_size=25),
    LINE,
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), LINE | ENDS), max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases=st.lists(st.tuples(TEXT, EDITS), min_size=1, max_size=6), wide=st.booleans())
def test_git_makes_exactly_the_new_bytes(
    cases: list[tuple[bytes, list[tuple[float, int, bytes]]]], wide: bool
) -> None:
    changes: dict[str, Change] = {}
    for number, (old, edits) in enumerate(cases):
        new = old
        for place, length, replacement in edits:
            start = int(place * len(new))
            new = new[:start] + replacement + new[start + length :]
        if wide:
            old, new = (each.decode("latin-1").encode("utf-16") for each in (old, new))
        if new:  # an empty one would be a deleted file
            changes[f"f {number}.txt"] = Change(old, new)
    patch = unified(changes)
    with TemporaryDirectory() as name:
        folder = Path(name)
        git(folder, "init", "-q")
        for path, change in changes.items():
            (folder / path).write_bytes(change.before)
        if patch:
            git(folder, "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", stdin=patch)
        for path, change in changes.items():
            assert (folder / path).read_bytes() == change.after, patch
        if patch:
            git(folder, "apply", "-R", "--whitespace=nowarn", stdin=patch)
        for path, change in changes.items():
            assert (folder / path).read_bytes() == change.before


def test_a_large_file_is_no_matter_of_minutes() -> None:
    """Blank and like lines in plenty, changed at both ends."""
    lines = [b"  key: value\n", b"\n", b"  - item\n", b"# note\n"] * 10_000
    new = [b"first\n", *lines[1:-1], b"last\n"]
    patch = unified({"a.yaml": Change(b"".join(lines), b"".join(new))})
    assert patch.count(b"\n@@ ") == 2
    assert (patch.count(b"\n-"), patch.count(b"\n+")) == (3, 3)


def test_many_changes_are_one(tmp_path: Path) -> None:
    old = b"".join(b"%d\n" % number for number in range(5_000))
    new = b"".join(b"%d\n" % (number if number % 3 else -number) for number in range(5_000))
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_bytes(old)
    git(tmp_path, "apply", stdin=unified({"a": Change(old, new)}))
    assert (tmp_path / "a").read_bytes() == new


@given(
    old=st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"]), max_size=12),
    new=st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"]), max_size=12),
)
def test_no_line_is_changed_that_need_not_be(old: list[bytes], new: list[bytes]) -> None:
    """Against the length of the longest common subsequence, by the book."""
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row, line in enumerate(old):
        for column, other in enumerate(new):
            table[row + 1][column + 1] = (
                table[row][column] + 1
                if line == other
                else max(table[row][column + 1], table[row + 1][column])
            )
    patch = unified({"a": Change(b"".join(old), b"".join(new))}).splitlines()[3:]
    changed = sum(line.startswith((b"-", b"+")) for line in patch)
    assert changed == len(old) + len(new) - 2 * table[-1][-1]
