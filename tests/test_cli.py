"""The command, from its flags to its exit code, over an api that hands out a given report."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import oncelint
from oncelint import cli
from oncelint.model.facts import Block, Condition, ErrorRecord, Skipped
from oncelint.model.finding import Finding, Report, Severity, Suppressed, Unanalysed
from oncelint.model.project import Consumer, Producer, Project, Setting, Step, World
from oncelint.model.rule import Rule
from oncelint.model.sinks import Sink
from oncelint.model.values import Known, Origin, Position, Span
from oncelint.settings import Settings
from oncelint.version import VERSION


def _no_hits(subject: object, project: Project) -> Iterator[Any]:
    yield from ()


def _rule(id: str, group: str) -> Rule:
    return Rule(
        id=id,
        group=group,
        subject=Producer,
        severity="warning",
        check=_no_hits,
        summary=f"Summary of {id}.",
        supersedes=("acks-not-all",) if id == "producer-not-idempotent" else (),
    )


RULES = {
    "acks-not-all": _rule("acks-not-all", "idempotence"),
    "producer-not-idempotent": _rule("producer-not-idempotent", "idempotence"),
}


def _finding(severity: Severity = "warning", rule: str = "acks-not-all") -> Finding:
    return Finding(
        rule=rule,
        group="idempotence",
        severity=severity,
        confidence="high",
        audience="regular",
        message="an acknowledged record is lost",
        span=Span("app.py", Position(1, 1), Position(1, 5)),
        related=(),
        setting=None,
        provenance=(),
        goal=None,
        fingerprint="f",
    )


CLEAN = Report(findings=(), files=3)
WARNED = Report(findings=(_finding(),), files=3)


@dataclass
class Door:
    """Stands in for oncelint.api and remembers how it was called."""

    report: Report = CLEAN
    clients: list[Producer | Sink] = field(default_factory=list)
    failure: str | None = None
    raises: BaseException | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)

    class UsageError(Exception):
        pass

    def check(
        self,
        paths: Sequence[str],
        *,
        settings: Settings,
        root: Path,
        overlay: Mapping[str, bytes],
        jobs: int | None,
        no_ignores: bool,
        plan_fixes: bool,
        progress: Callable[[int, int], None] | None,
    ) -> Report:
        self.calls.append(
            {
                "paths": list(paths),
                "settings": settings,
                "root": root,
                "overlay": dict(overlay),
                "jobs": jobs,
                "no_ignores": no_ignores,
                "plan_fixes": plan_fixes,
            }
        )
        if progress:
            progress(1, 2)
        if self.failure:
            raise self.UsageError(self.failure)
        if self.raises:
            raise self.raises
        return self.report

    def project_root(self, start: Path) -> Path:
        for folder in (start.resolve(), *start.resolve().parents):
            if (folder / ".git").exists():
                return folder
        return start.resolve()

    def files(self, root: Path, settings: Settings) -> Iterator[str]:
        yield from ("b.py", "a.properties")

    def explain(
        self, path: str, line: int, *, settings: Settings, root: Path
    ) -> list[Producer | Sink]:
        self.calls.append({"path": path, "line": line, "root": root})
        return self.clients


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Door:
    made = Door()
    rules = types.SimpleNamespace(
        catalogue=lambda: RULES, page=lambda rule: f"The page of {rule}.\n"
    )
    for name, module in (("api", made), ("check", rules)):
        monkeypatch.setitem(sys.modules, f"oncelint.{name}", module)
        monkeypatch.setattr(oncelint, name, module, raising=False)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".git").mkdir()
    (tmp_path / "app.py").write_text("acks = 1\n")
    monkeypatch.chdir(tmp_path)
    return made


Captured = pytest.CaptureFixture[str]


def _run(capsys: Captured, *arguments: str) -> tuple[int, str, str]:
    code = cli.main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_alone_it_prints_help(door: Door, capsys: Captured) -> None:
    code, out, err = _run(capsys)
    assert (code, err) == (0, "")
    assert out.startswith("usage: oncelint")
    for command in ("check", "rule", "explain", "config"):
        assert f"\n    {command} " in out


def test_version_is_the_packages(capsys: Captured) -> None:
    for flag in ("--version", "-V"):
        assert _run(capsys, flag) == (0, f"oncelint {VERSION}\n", "")
    pyproject = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{VERSION}"\n' in pyproject


def test_version_loads_next_to_nothing() -> None:
    code = (
        "import sys\n"
        "from oncelint.cli import main\n"
        "main(['--version'])\n"
        "heavy = {'argparse', 'dataclasses', 'typing', 're', 'json', 'pathlib', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    # -S: without site, whose .pth files load modules of their own
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout == f"oncelint {VERSION}\n[]\n", done.stderr


@pytest.mark.parametrize(
    ("report", "arguments", "expected"),
    [
        (CLEAN, [], 0),
        (WARNED, [], 1),
        (WARNED, ["--exit-zero"], 0),
        (WARNED, ["--fail-on", "error"], 0),
        (WARNED, ["--fail-on", "note"], 1),
        (Report(findings=(_finding("note"),)), [], 0),
        (Report(findings=(_finding("note"),)), ["--fail-on", "note"], 1),
        (Report(findings=(_finding("error"),)), ["--fail-on", "error"], 1),
        (Report(findings=(), suppressed=(_finding("error"),)), [], 0),
        (Report(findings=(), errors=(ErrorRecord("oops"),)), ["--exit-zero"], 2),
        (Report(findings=(), skipped=(Skipped("a.json", "does not parse"),)), [], 0),
        (Report(findings=(), skipped=(Skipped("a.json", "does not parse"),)), ["--strict"], 2),
        (Report(findings=(), skipped=(Skipped("a.bin", "binary file", False),)), ["--strict"], 0),
    ],
)
def test_exit_codes_are_the_same_in_every_format(
    door: Door, capsys: Captured, report: Report, arguments: list[str], expected: int
) -> None:
    door.report = report
    for format in ("full", "concise", "json", "github", "sarif"):
        code, _, _ = _run(capsys, "check", "--output-format", format, *arguments)
        assert code == expected, format


def test_findings_on_stdout_and_the_summary_on_stderr(door: Door, capsys: Captured) -> None:
    suppressed = replace(_finding(), suppressed=Suppressed("comment", ""))
    door.report = Report(
        findings=(_finding("error"), _finding(), _finding()),
        suppressed=(suppressed,),
        skipped=(
            Skipped("a.json", "does not parse: expected a value"),
            Skipped("b.json", "does not parse (line 3, column 1)"),
            Skipped("c.yaml", "template (Helm)", relevant=False),
        ),
        errors=(ErrorRecord("ValueError: oops", "acks-not-all", "app.py"),),
        unanalysed=(Unanalysed("Java", 12), Unanalysed("Go", 1)),
        files=134,
        analysed=87,
        partial=True,
    )
    code, out, err = _run(capsys, "check", "--output-format", "concise")
    assert code == 2
    assert out == (
        "app.py:1:1: error[acks-not-all] an acknowledged record is lost\n"
        + "app.py:1:1: warning[acks-not-all] an acknowledged record is lost\n" * 2
    )
    assert err == (
        "oncelint: error in rule acks-not-all in app.py: ValueError: oops\n"
        "oncelint: skipped a.json: does not parse: expected a value\n"
        "oncelint: skipped b.json: does not parse (line 3, column 1)\n"
        "3 findings (1 error, 2 warnings) in 134 files (87 read), 1 suppressed\n"
        "3 files skipped: 2 does not parse; 1 template (Helm)\n"
        "not analysed, though a Kafka client is used there: 12 Java files, 1 Go file\n"
        "the analysis is partial: files that may matter could not be read (listed above): claims"
        " that something is missing from the whole project are not made\n"
    )
    _, quiet_out, quiet_err = _run(capsys, "check", "--output-format", "concise", "--quiet")
    assert quiet_out == out
    assert quiet_err == "oncelint: error in rule acks-not-all in app.py: ValueError: oops\n"
    _, _, verbose = _run(capsys, "check", "--verbose")
    assert "oncelint: skipped c.yaml: template (Helm)\n" in verbose


def test_a_clean_run(door: Door, capsys: Captured) -> None:
    assert _run(capsys, "check") == (0, "", "0 findings in 3 files (0 read)\n")


def test_full_is_the_default_and_plain_in_a_pipe(door: Door, capsys: Captured) -> None:
    door.report = WARNED
    code, out, _ = _run(capsys, "check")
    expected = (
        "warning[acks-not-all]: an acknowledged record is lost\n"
        " --> app.py:1:1\n"
        "  |\n"
        "1 | acks = 1\n"
        "  | ^^^^\n"
        "  |\n\n"
    )
    assert (code, out) == (1, expected)


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(
    door: Door,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    colored: bool,
) -> None:
    door.report = WARNED
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in _run(capsys, "check", *arguments)[1]) is colored


def test_a_terminal_has_colour_and_a_width(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    door.report = Report(findings=(replace(_finding(), message="word " * 30),), files=1)
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "50")
    assert cli.main(["check", "-q"]) == 1
    assert "\x1b[" in screen.getvalue()
    monkeypatch.setenv("TERM", "dumb")
    plain = Terminal()
    monkeypatch.setattr(sys, "stdout", plain)
    cli.main(["check", "-q"])
    assert "\x1b[" not in plain.getvalue()
    assert max(len(line) for line in plain.getvalue().split("\n")) <= 50


def test_progress_is_drawn_on_a_terminal_when_a_run_lasts(
    door: Door, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    ticks = iter(range(100))
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert cli.main(["check"]) == 0
    assert screen.getvalue() == "0 findings in 3 files (0 read)\n"
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    assert cli.main(["check"]) == 0
    drawn = "[############            ] 1/2 files"
    assert f"\r{drawn}\r{' ' * len(drawn)}\r" in screen.getvalue()
    lasting = io.StringIO()
    monkeypatch.setattr(sys, "stderr", lasting)
    assert cli.main(["check"]) == 0
    assert lasting.getvalue() == "0 findings in 3 files (0 read)\n"


def test_flags_become_settings(door: Door, capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "oncelint.toml").write_text(
        'select = ["idempotence"]\nignore = ["acks-not-all"]\nmin-severity = "note"\n'
    )
    _run(capsys, "check")
    assert door.calls[-1] == {
        "paths": ["."],
        "settings": Settings(
            select=("idempotence",),
            ignore=("acks-not-all",),
            sources=(str(tmp_path / "oncelint.toml"),),
        ),
        "root": tmp_path,
        "overlay": {},
        "jobs": None,
        "no_ignores": False,
        "plan_fixes": True,
    }
    flags = (
        "--select acks-not-all,producer-not-idempotent --ignore acks-not-all --pedantic --preview"
        " --min-severity warning --min-confidence low --fail-on error --no-ignores --jobs 3"
    )
    _run(capsys, "check", *flags.split(), "app.py", ".")
    call = door.calls[-1]
    settings = call["settings"]
    assert (settings.select, settings.ignore) == (
        ("acks-not-all", "producer-not-idempotent"),
        ("acks-not-all",),
    )
    assert (settings.pedantic, settings.preview) == (True, True)
    assert (settings.min_severity, settings.min_confidence) == ("warning", "low")
    assert settings.fail_on == "error"
    assert (call["no_ignores"], call["jobs"], call["paths"]) == (True, 3, ["app.py", "."])


def test_ignore_and_extend_select_add_to_the_settings(
    door: Door, capsys: Captured, tmp_path: Path
) -> None:
    (tmp_path / "oncelint.toml").write_text('ignore = ["acks-not-all"]\n')
    _run(capsys, "check", "--ignore", "producer-not-idempotent")
    settings = door.calls[-1]["settings"]
    assert settings.ignore == ("acks-not-all", "producer-not-idempotent")
    _run(capsys, "check", "--extend-select", "acks-not-all")
    settings = door.calls[-1]["settings"]
    assert (settings.ignore, settings.extend_select) == ((), ("acks-not-all",))
    _run(capsys, "check", "--isolated")
    assert door.calls[-1]["settings"] == Settings()
    _run(capsys, "check", "--config", "preview=true")
    assert door.calls[-1]["settings"].preview is True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check", "nowhere.py"], "there is no file or folder nowhere.py"),
        (
            ["check", "--select", "ack-not-all"],
            "--select: there is no rule or group ack-not-all, did you mean acks-not-all?",
        ),
        (
            ["check", "--output", "html=x"],
            "--output html=x: write FORMAT=FILE, with a format of full, concise, json, github,"
            " sarif",
        ),
        (
            ["check", "--output", "json=nowhere/x.json"],
            "cannot write nowhere/x.json: No such file or directory",
        ),
        (["check", "-"], "to read from stdin, name the file with --stdin-filename"),
        (
            ["check", "--stdin-filename", "a.py", "b.py"],
            "--stdin-filename reports on its own file; name no other paths",
        ),
        (
            ["check", "--config", "previe=true"],
            "--config previe=true: previe: there is no such setting, did you mean preview?",
        ),
        (["rule", "acks-not-al"], "there is no rule acks-not-al, did you mean acks-not-all?"),
        (["rule"], "name one rule, or give --all"),
        (["rule", "acks-not-all", "--all"], "name one rule, or give --all"),
        (["explain", "app.py"], "app.py is no place; write PATH:LINE, as in app/main.py:12"),
        (["explain", "app.py:0"], "app.py:0 is no place; write PATH:LINE, as in app/main.py:12"),
        (["explain", "nowhere.py:1"], "there is no file or folder nowhere.py"),
        (
            ["explain", "app.py:1"],
            "there is no Kafka client, configuration of one or write of consumed records at"
            " app.py:1",
        ),
        (["config", "nowhere"], "there is no file or folder nowhere"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_2(
    door: Door, capsys: Captured, arguments: list[str], sentence: str
) -> None:
    code, _, err = _run(capsys, *arguments)
    assert code == 2
    assert f"oncelint: error: {sentence}\n" == err


def test_the_apis_refusal_is_exit_2(door: Door, capsys: Captured) -> None:
    door.failure = "the folder empty holds no file"
    assert _run(capsys, "check") == (2, "", "oncelint: error: the folder empty holds no file\n")


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["check", "--jobs", "0"], ["check", "--output-format", "x"], ["check", "--sel"]],
)
def test_bad_arguments_are_exit_2(door: Door, capsys: Captured, arguments: list[str]) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: oncelint")


def test_a_crash_is_exit_2_and_never_1(door: Door, capsys: Captured) -> None:
    door.raises = ZeroDivisionError("by zero")
    code, out, err = _run(capsys, "check")
    assert (code, out) == (2, "")
    assert "ZeroDivisionError: by zero\n" in err
    assert err.endswith("oncelint: error: this is a bug of oncelint's own\n")


def test_an_interrupt_is_a_line_and_130(door: Door, capsys: Captured) -> None:
    door.raises = KeyboardInterrupt()
    assert _run(capsys, "check") == (130, "", "oncelint: interrupted\n")


def test_a_report_in_several_formats(door: Door, capsys: Captured, tmp_path: Path) -> None:
    door.report = WARNED
    outputs = ["--output", "json=a.json", "--output", "sarif=b.sarif", "--output", "full=c.txt"]
    code, out, _ = _run(
        capsys, "check", "--output-format", "concise", "--color", "always", *outputs
    )
    assert (code, out) == (1, "app.py:1:1: warning[acks-not-all] an acknowledged record is lost\n")
    assert json.loads((tmp_path / "a.json").read_text())["schema"] == "oncelint/1"
    assert json.loads((tmp_path / "b.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "c.txt").read_text().startswith("warning[acks-not-all]: an acknowledged")


def test_statistics(door: Door, capsys: Captured) -> None:
    door.report = WARNED
    code, out, _ = _run(capsys, "check", "--statistics")
    assert (code, out) == (1, "1  warning[acks-not-all]\n")
    _, out, err = _run(capsys, "check", "--statistics", "--output-format", "json")
    assert len(json.loads(out)["findings"]) == 1
    assert err == "1  warning[acks-not-all]\n1 finding (1 warning) in 3 files (0 read)\n"


def test_stdin_stands_in_for_a_file(
    door: Door, capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    for name, inside in (("new.py", "sub/new.py"), ("../app.py", "app.py")):
        stdin = types.SimpleNamespace(buffer=io.BytesIO("acks = 0 # ü\r\n".encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        door.report = WARNED
        code, out, _ = _run(capsys, "check", "--stdin-filename", name)
        assert code == 1
        assert door.calls[-1]["paths"] == [name]
        assert door.calls[-1]["root"] == tmp_path
        assert door.calls[-1]["overlay"] == {inside: "acks = 0 # ü\r\n".encode()}
    assert " --> ../app.py:1:1\n" in out
    assert "1 | acks = 0 # ü\n" in out


def test_paths_are_shown_from_where_the_reader_stands(
    door: Door, capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    door.report = WARNED
    concise = ["check", "--output-format", "concise"]
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert _run(capsys, *concise)[1].startswith("../app.py:1:1: ")
    outside = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    outside.mkdir()
    monkeypatch.chdir(tmp_path.parent)
    assert _run(capsys, *concise, tmp_path.name)[1].startswith(f"{tmp_path.name}/app.py:1:1: ")
    monkeypatch.chdir(outside)
    assert _run(capsys, *concise, str(tmp_path))[1].startswith(f"{tmp_path}/app.py:1:1: ")
    assert (
        json.loads(_run(capsys, "check", str(tmp_path), "--output-format", "json")[1])["findings"][
            0
        ]["path"]
        == "app.py"
    )


def test_a_note_about_the_settings_is_said(door: Door, capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "oncelint.toml").write_text("")
    (tmp_path / "pyproject.toml").write_text("[tool.oncelint]\n")
    note = "oncelint: oncelint.toml is used, and [tool.oncelint] in pyproject.toml is not read\n"
    assert _run(capsys, "check")[2] == note + "0 findings in 3 files (0 read)\n"


def test_rule_pages(door: Door, capsys: Captured) -> None:
    page = (
        "# acks-not-all\n\n"
        "group idempotence, severity warning, stable, audience regular, fix: none\n\n"
        "The page of acks-not-all.\n"
    )
    assert _run(capsys, "rule", "acks-not-all") == (0, page, "")
    both = page + "\n\n" + page.replace("acks-not-all", "producer-not-idempotent")
    assert _run(capsys, "rule", "--all") == (0, both, "")


def test_a_groups_rules(door: Door, capsys: Captured) -> None:
    assert _run(capsys, "rule", "idempotence") == (
        0,
        "acks-not-all             warning  Summary of acks-not-all.\n"
        "producer-not-idempotent  warning  Summary of producer-not-idempotent.\n",
        "",
    )
    data = json.loads(_run(capsys, "rule", "idempotence", "--output-format", "json")[1])
    assert [item["id"] for item in data] == ["acks-not-all", "producer-not-idempotent"]
    assert "did you mean idempotence?" in _run(capsys, "rule", "idempotense")[2]


def test_rules_as_data(door: Door, capsys: Captured) -> None:
    expected = {
        "id": "producer-not-idempotent",
        "group": "idempotence",
        "severity": "warning",
        "audience": "regular",
        "stable": True,
        "summary": "Summary of producer-not-idempotent.",
        "fix": "none",
        "supersedes": ["acks-not-all"],
        "page": "The page of producer-not-idempotent.\n",
    }
    arguments = ["rule", "producer-not-idempotent", "--output-format", "json"]
    assert json.loads(_run(capsys, *arguments)[1]) == expected
    everything = json.loads(_run(capsys, "rule", "--all", "--output-format", "json")[1])
    assert [item["id"] for item in everything] == ["acks-not-all", "producer-not-idempotent"]
    assert everything[1] == expected


def _client() -> Producer:
    key = Span("app.py", Position(1, 1), Position(1, 5))

    def world(version: str, branch: str, acks: str) -> World:
        settings = {
            "acks": Setting(
                "acks",
                "request.required.acks",
                Known(acks),
                "user",
                key,
                origins=(Origin("file", acks, key, "written here"),),
            ),
            "linger.ms": Setting("linger.ms", "linger.ms", Known(5), "default"),
        }
        conditions = (Condition("FAST", branch),)
        return World("confluent-kafka", "librdkafka", (version,), conditions, settings, None)

    return Producer(
        role="producer",
        client="confluent-kafka",
        dialect="librdkafka",
        client_versions=("2.3.0", "2.4.0"),
        construct="confluent_kafka.Producer",
        span=Span("app.py", Position(1, 1), Position(1, 9)),
        placement="python",
        worlds=(world("2.3.0", "is set", "1"), world("2.4.0", "is not set", "all")),
        block=Block(()),
        unit="",
    )


def test_explain_tells_every_setting_in_every_world(
    door: Door, capsys: Captured, tmp_path: Path
) -> None:
    door.clients = [_client()]
    code, out, err = _run(capsys, "explain", "app.py:1:7")
    assert (code, err) == (0, "")
    assert out == (
        "app.py:1:1: producer confluent_kafka.Producer, confluent-kafka 2.3.0 to 2.4.0\n"
        "\n"
        "  set here\n"
        "    acks (request.required.acks) = 1   [with confluent-kafka 2.3.0, when FAST is set]\n"
        "        1, set at app.py:1:1: written here\n"
        "    acks (request.required.acks) = all   [with confluent-kafka 2.4.0, when FAST is not"
        " set]\n"
        "        all, set at app.py:1:1: written here\n"
        "\n"
        "  as the client has it\n"
        "    enable.idempotence is not known to confluent-kafka 2.3.0 to 2.4.0\n"
        "    linger.ms = 5\n"
        "        the client's default\n"
        "    transactional.id is not known to confluent-kafka 2.3.0 to 2.4.0\n"
    )
    assert door.calls == [{"path": "app.py", "line": 1, "root": tmp_path}]


def _default(value: str, version: str) -> Setting:
    origin = Origin("default", value, None, f"default of confluent-kafka {version}")
    return Setting("retries", "retries", Known(value), "default", origins=(origin,))


def test_explain_says_what_tells_worlds_apart(door: Door, capsys: Captured) -> None:
    """Another choice that does not bear on a value is no part of its bracket."""
    worlds = tuple(
        World(
            "confluent-kafka",
            "librdkafka",
            (version,),
            (Condition("FAST", fast), Condition("TLS", tls)),
            {
                "acks": Setting("acks", "acks", Known(acks), "user"),
                "retries": _default("5", version),
            },
            None,
        )
        for version in ("2.3.0", "2.4.0")
        for fast, acks in (("is set", "1"), ("is not set", "all"))
        for tls in ("is set", "is not set")
    )
    door.clients = [replace(_client(), worlds=worlds)]
    out = _run(capsys, "explain", "app.py:1")[1]
    assert "    acks = 1   [when FAST is set]\n" in out
    assert "    acks = all   [when FAST is not set]\n" in out
    assert "    retries = 5\n        default of confluent-kafka 2.3.0 to 2.4.0\n" in out


def test_explain_says_equal_clients_once_with_their_callers(door: Door, capsys: Captured) -> None:
    def called(line: int) -> tuple[Step, ...]:
        at = Span("main.py", Position(line, 1), Position(line, 9))
        return (Step(replace(at, path="first.py"), "calls run"), Step(at, "calls make"))

    one = _client()
    other = replace(one, worlds=one.worlds[:1], path=called(9))
    door.clients = [replace(one, path=called(3)), other, replace(one, path=called(5))]
    out = _run(capsys, "explain", "app.py:1")[1]
    place = "app.py:1:1: producer confluent_kafka.Producer, confluent-kafka 2.3.0 to 2.4.0"
    assert [line for line in out.splitlines() if line.startswith("app.py")] == [
        f"{place}, as called from main.py:3 and main.py:5",
        f"{place.replace('2.3.0 to 2.4.0', '2.3.0')}, as called from main.py:9",
    ]


def test_explain_names_the_callers_callers_where_those_differ(door: Door, capsys: Captured) -> None:
    def called(line: int) -> tuple[Step, ...]:
        outer = Span("main.py", Position(line, 1), Position(line, 9))
        return (Step(outer, "calls run"), Step(replace(outer, path="lib.py"), "calls make"))

    one = _client()
    inner = called(7)[1]
    door.clients = [
        replace(one, path=(called(3)[0], inner)),
        replace(one, worlds=one.worlds[:1], path=(called(5)[0], inner)),
    ]
    heads = [line for line in _run(capsys, "explain", "app.py:1")[1].splitlines() if ":1: " in line]
    assert [line.partition(", as called from ")[2] for line in heads if "producer" in line] == [
        "lib.py:7 by main.py:3",
        "lib.py:7 by main.py:5",
    ]


def _sink() -> Sink:
    consumer = Consumer(
        role="consumer",
        client="aiokafka",
        dialect="aiokafka",
        client_versions=(),
        construct="AIOKafkaConsumer",
        span=Span("loop.py", Position(4, 1), Position(4, 9)),
        placement="python",
        worlds=(),
        block=Block(()),
        unit="",
    )
    here = Span("app.py", Position(1, 1), Position(1, 9))
    return Sink(
        library="psycopg",
        operation="insert",
        span=here,
        statement="INSERT INTO bookings\n  (id) VALUES (%s)",
        table="bookings",
        columns=("id",),
        guard=None,
        keys=(frozenset({"id"}),),
        caught=False,
        consumer=consumer,
        path=(
            Step(Span("loop.py", Position(7, 5), Position(7, 9)), "consumes here"),
            Step(Span("loop.py", Position(8, 9), Position(8, 20)), "calls book"),
            Step(here, "writes here"),
        ),
        statement_span=Span("sql.py", Position(2, 1), Position(3, 9)),
    )


def test_explain_tells_of_a_write(door: Door, capsys: Captured) -> None:
    door.clients = [_sink()]
    assert _run(capsys, "explain", "app.py:1") == (
        0,
        "app.py:1:1: insert into bookings, psycopg\n"
        "\n"
        "    statement: INSERT INTO bookings (id) VALUES (%s)   [sql.py:2]\n"
        "    columns: id\n"
        "    guard: none seen\n"
        "    unique keys the record fills: (id)\n"
        "    violation caught: no\n"
        "    certain: high confidence\n"
        "\n"
        "  consumer: AIOKafkaConsumer at loop.py:4\n"
        "\n"
        "  path\n"
        "    1. loop.py:7: consumes here\n"
        "    2. loop.py:8: calls book\n"
        "    3. app.py:1: writes here\n",
        "",
    )
    data = json.loads(_run(capsys, "explain", "app.py:1", "--output-format", "json")[1])
    assert data["clients"] == []
    (written,) = data["sinks"]
    assert (written["effective"]["table"], written["keys"]) == ("bookings", [["id"]])
    assert [step["label"] for step in written["steps"]] == [
        "consumes here",
        "calls book",
        "writes here",
    ]
    assert written["consumer"]["path"] == "loop.py"


def test_many_files_skipped_for_one_reason_are_one_line(door: Door, capsys: Captured) -> None:
    door.report = Report(
        findings=(),
        skipped=tuple(
            Skipped(f"{name}.py", f"not valid Python 3.11: oops (line {at})")
            for at, name in enumerate("abcde", 1)
        ),
        files=9,
        analysed=4,
    )
    assert _run(capsys, "check")[2] == (
        "oncelint: skipped 5 files: not valid Python 3.11"
        " (a.py, b.py, c.py and 2 more; --verbose lists them)\n"
        "0 findings in 9 files (4 read)\n"
        "5 files skipped: not valid Python 3.11\n"
    )
    assert (
        "oncelint: skipped e.py: not valid Python 3.11: oops (line 5)\n"
        in (_run(capsys, "check", "--verbose")[2])
    )


def test_explain_as_data(door: Door, capsys: Captured) -> None:
    door.clients = [_client()]
    code, out, _ = _run(capsys, "explain", "app.py:1", "--output-format", "json")
    client = json.loads(out)["clients"][0]
    assert code == 0
    assert client["effective"] == {"acks": "1 | all", "linger.ms": "5"}
    assert client["worlds"][0] == {
        "client": "confluent-kafka",
        "versions": ["2.3.0"],
        "conditions": [{"choice": "FAST", "branch": "is set"}],
        "open": None,
        "contradictions": [],
        "settings": {
            "acks": {
                "spelled": "request.required.acks",
                "value": "1",
                "set_by": "user",
                "origins": [
                    {
                        "origin": "file",
                        "value": "1",
                        "path": "app.py",
                        "start": {"line": 1, "column": 1},
                        "note": "written here",
                    }
                ],
            },
            "linger.ms": {
                "spelled": "linger.ms",
                "value": "5",
                "set_by": "default",
                "origins": [],
            },
        },
    }


def test_config_prints_settings_that_load_and_the_files(
    door: Door, capsys: Captured, tmp_path: Path
) -> None:
    import tomli

    (tmp_path / "oncelint.toml").write_text('fail-on = "note"\n')
    code, out, err = _run(capsys, "config")
    assert (code, err) == (0, "")
    head = f"# project: {tmp_path}\n# settings from: {tmp_path / 'oncelint.toml'}\nselect = []\n"
    assert out.startswith(head)
    assert out.endswith(
        "\n# 2 files of a kind that can matter; those about Kafka are read:\n#   a.properties\n#   b.py\n"
    )
    assert tomli.loads(out)["fail-on"] == "note"
    data = json.loads(_run(capsys, "config", "--output-format", "json", ".")[1])
    assert data["settings"] == tomli.loads(out)
    assert (data["root"], data["files"]) == (str(tmp_path), ["a.properties", "b.py"])
    assert data["sources"] == [str(tmp_path / "oncelint.toml")]


def test_an_output_without_the_characters_gets_escapes(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    door.report = Report(findings=(replace(_finding(), message="ü"),))
    assert cli.main(["check", "--output-format", "concise", "-q"]) == 1
    assert raw.getvalue() == b"app.py:1:1: warning[acks-not-all] \\xfc\n"


def test_a_closed_pipe_is_no_traceback() -> None:
    code = "import os, sys\nfrom oncelint import cli\nsys.exit(cli.terminal.write('x' * 1_000_000, 1))\n"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
