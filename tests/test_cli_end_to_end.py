"""The installed command on a real project: what a user, a pipeline and an editor get to see."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDERS = ROOT / "fixtures" / "projects" / "orders"
SCHEMA = json.loads((ROOT / "docs" / "schema" / "oncelint-1.schema.json").read_text())
COMMAND = str(Path(sys.executable).parent / "oncelint")
PLACES = [
    "checkout/checkout/settings.py:16:14: error[unknown-key]",
    "connect/bookings-sink.json:8:20: error[connect-jdbc-sink-not-idempotent]",
    "payments/payments/ledger.py:22:26: error[unstable-transactional-id]",
    "reports/src/main/resources/producer.properties:5:6: error[idempotence-conflict]",
    "statements/statements/kafka.ini:5:22: warning[invalid-value]",
    "statements/statements/kafka.ini:6:19: error[consumer-reads-uncommitted]",
    "statements/statements/worker.py:15:9: error[insert-without-conflict-key]",
]
CLIENT = (
    'from confluent_kafka import Producer\n\nproducer = Producer({"bootstrap.servers": "k:9092"})\n'
)
FOUND = "client.py:3:12: warning[producer-not-idempotent]"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """A copy of the project, a repository of its own."""
    folder = Path(shutil.copytree(ORDERS, tmp_path / "orders"))
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def run(
    folder: Path, *arguments: str, stdin: str | bytes = b"", code: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder; `code` runs instead, in an interpreter of its own."""
    environment = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "NO_COLOR")}
    command = [COMMAND, *arguments] if code is None else [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(command, done.returncode, out, err)


def concise(folder: Path, *arguments: str, stdin: str = "") -> list[str]:
    """The places of the findings, and nothing of their messages."""
    done = run(folder, "check", "--output-format", "concise", *arguments, stdin=stdin)
    return [line.partition("] ")[0] + "]" for line in done.stdout.splitlines()]


def report(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report, which is valid by its schema."""
    done = run(folder, "check", "--output-format", "json", *arguments)
    data: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(data, SCHEMA)
    return done.returncode, data


# Formats -----------------------------------------------------------------------------------------


def test_concise(orders: Path) -> None:
    assert concise(orders) == PLACES
    done = run(orders, "check", "--output-format", "concise")
    assert done.returncode == 1
    assert done.stderr == "7 findings (6 errors, 1 warning) in 13 files (11 read), 1 suppressed\n"


def test_full_shows_the_source_and_where_values_come_from(orders: Path) -> None:
    done = run(orders, "check", "payments")
    assert done.returncode == 1
    assert (
        "  --> payments/payments/ledger.py:22:26\n"
        "   |\n"
        '22 |         transactional_id=f"payments-{uuid4()}",\n'
        "   |                          ^^^^^^^^^^^^^^^^^^^^^\n"
    ) in done.stdout
    assert "  ::: payments/payments/ledger.py:20:16\n" in done.stdout
    assert "isolation_level: read_uncommitted, set at statements/statements/kafka.ini:6:19" in (
        done.stdout
    )
    assert "\x1b[" not in done.stdout


def test_json(orders: Path) -> None:
    code, data = report(orders, "--show-subjects", "--show-unresolved")
    shown = [one for one in data["findings"] if one["suppressed"] is None]
    places = [
        f"{f['path']}:{f['start']['line']}:{f['start']['column']}: {f['severity']}[{f['rule']}]"
        for f in shown
    ]
    assert (code, places) == (1, PLACES)
    (quiet,) = (one for one in data["findings"] if one["suppressed"] is not None)
    assert quiet["path"] == "payments/payments/audit.py"
    assert quiet["suppressed"] == {"by": "comment", "reason": "audit lines may repeat"}
    pair = next(one for one in shown if one["rule"] == "consumer-reads-uncommitted")
    assert pair["setting"] == "isolation_level"
    assert "payments/payments/ledger.py" in {related["path"] for related in pair["related"]}
    versions = {(s["path"], s["client"], s["version"]) for s in data["subjects"]}
    assert ("checkout/checkout/publisher.py", "confluent-kafka", "2.3.0") in versions
    assert ("statements/statements/worker.py", "kafka-python", "2.2.15") in versions
    assert data["summary"]["files"] == 13
    assert (data["summary"]["errors"], data["summary"]["warnings"]) == (6, 1)


BOOKED = """import psycopg
from confluent_kafka import Consumer, Producer

consumer = Consumer({"bootstrap.servers": "kafka:9092", "group.id": "booked"})
consumer.subscribe(["orders"])
producer = Producer({"bootstrap.servers": "kafka:9092", "transactional.id": "booked-1"})
producer.init_transactions()
while True:
    message = consumer.poll(1.0)
    producer.begin_transaction()
    try:
        with psycopg.connect("dbname=orders") as connection:
            connection.execute("INSERT INTO booked (id) VALUES (%s)", (message.key(),))
        producer.produce("booked", message.value())
        consumer.commit(message)
        producer.commit_transaction()
    except Exception:
        producer.abort_transaction()
        raise
"""


def test_json_of_what_is_followed(tmp_path: Path) -> None:
    """Every kind of subject, each as the schema wants it."""
    (tmp_path / "booked.py").write_text(BOOKED)
    _, data = report(tmp_path, "--show-subjects")
    told = {
        one["kind"]: (one["start"]["line"], one["client"], one["effective"])
        for one in data["subjects"]
    }
    assert set(told) == {"consumer", "producer", "sink", "pipeline", "transactions"}
    write = {"operation": "insert", "table": "booked", "columns": "id"}
    assert told["sink"] == (13, "psycopg", write)
    done = {"effects": "13,14", "commits": "15"}
    assert told["pipeline"] == (8, "confluent-kafka", done)
    calls = {"begins": "10", "commits": "16", "aborts": "18"}
    assert told["transactions"] == (6, "confluent-kafka", calls)


def test_github(orders: Path) -> None:
    done = run(orders, "check", "--output-format", "github", "connect")
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if line.startswith("::error "))
    assert "file=connect/bookings-sink.json,line=8," in line
    assert "insert.mode is insert" in line


def test_sarif(orders: Path) -> None:
    done = run(orders, "check", "--output-format", "sarif")
    (analysis,) = json.loads(done.stdout)["runs"]
    assert done.returncode == 1
    assert len(analysis["results"]) == 8
    assert sum(bool(result.get("suppressions")) for result in analysis["results"]) == 1
    ids = {rule["id"] for rule in analysis["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in analysis["results"]} <= ids


def test_several_outputs_at_once(orders: Path) -> None:
    done = run(orders, "check", "-q", "--output", "json=r.json", "--output", "sarif=r.sarif")
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads((orders / "r.json").read_text())["schema"] == "oncelint/1"
    assert json.loads((orders / "r.sarif").read_text())["version"] == "2.1.0"


# Exit codes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["full", "concise", "json", "github", "sarif"])
def test_exit_codes_are_those_of_every_format(orders: Path, format: str) -> None:
    check = ("check", "--output-format", format)
    assert run(orders, *check).returncode == 1
    assert run(orders, *check, "--exit-zero").returncode == 0
    assert run(orders, *check, "--select", "duplicate-key").returncode == 0
    warning = ("--select", "invalid-value")
    assert run(orders, *check, *warning).returncode == 1
    assert run(orders, *check, *warning, "--fail-on", "error").returncode == 0
    assert run(orders, *check, "nowhere.py").returncode == 2
    assert run(orders, *check, "--select", "no-such-rule").returncode == 2


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(tmp_path, "check", "empty")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "oncelint: error: empty holds no file to look at\n"


def test_a_settings_file_that_cannot_be_read_is_an_error(orders: Path) -> None:
    (orders / "oncelint.toml").write_text("selct = []\n")
    done = run(orders, "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert "selct: there is no such setting, did you mean select?" in done.stderr
    assert run(orders, "check", "--isolated").returncode == 1


def test_no_ignores_shows_what_is_suppressed(orders: Path) -> None:
    assert "payments/payments/audit.py:7:16: warning[producer-not-idempotent]" in concise(
        orders, "--no-ignores"
    )


# Paths and buffers -------------------------------------------------------------------------------


def test_a_finding_is_shown_for_each_file_it_touches(orders: Path) -> None:
    """The commit that makes the producer transactional is the one that is stopped."""
    assert concise(orders, "payments/payments/ledger.py") == [PLACES[2], PLACES[5]]
    assert concise(orders, "statements/statements/kafka.ini") == [PLACES[4], PLACES[5]]
    assert concise(orders, "connect") == [PLACES[1]]
    assert concise(orders, "README.md") == []


def test_without_git_the_folder_named_is_the_project(orders: Path) -> None:
    shutil.rmtree(orders / ".git")
    assert concise(orders) == PLACES
    assert concise(orders, "payments") == [PLACES[2]]
    # a file alone is no project: the folder one works in is
    found = concise(orders, "payments/payments/ledger.py")
    assert PLACES[2] in found
    assert any("consumer-reads-uncommitted" in line for line in found)


def test_paths_are_relative_to_where_the_reader_stands(orders: Path) -> None:
    found = concise(orders / "payments", "payments/ledger.py")
    assert found[0].startswith("payments/ledger.py:22:26: ")
    assert found[1].startswith("../statements/statements/kafka.ini:6:19: ")


def test_a_buffer_stands_in_for_its_file(orders: Path) -> None:
    name = "statements/statements/kafka.ini"
    text = (orders / name).read_text()
    fixed = text.replace("read_uncommitted", "read_committed")
    assert concise(orders, "--stdin-filename", name, stdin=fixed) == [PLACES[4]]
    assert concise(orders, "--stdin-filename", name, stdin=text) == [PLACES[4], PLACES[5]]
    assert (orders / name).read_text() == text


def test_a_buffer_of_a_new_file_belongs_to_the_project(orders: Path) -> None:
    found = concise(orders, "--stdin-filename", "checkout/new.py", stdin=CLIENT)
    assert found == ["checkout/new.py:3:12: warning[producer-not-idempotent]"]
    assert not (orders / "checkout" / "new.py").exists()


def test_a_buffer_with_an_error_in_it_is_skipped(orders: Path) -> None:
    done = run(
        orders, "check", "--stdin-filename", "payments/payments/ledger.py", stdin="import kafka ("
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "oncelint: skipped payments/payments/ledger.py: not valid Python" in done.stderr
    assert "the analysis is partial" in done.stderr


def test_explain_tells_where_a_value_comes_from(orders: Path) -> None:
    done = run(orders, "explain", "statements/statements/worker.py:23")
    assert done.returncode == 0
    assert "isolation.level (isolation_level) = read_uncommitted" in done.stdout
    assert "set at statements/statements/kafka.ini:6:19" in done.stdout


def test_explain_takes_the_place_of_every_finding(orders: Path) -> None:
    for place in PLACES:
        path, line = place.split(":")[:2]
        assert run(orders, "explain", f"{path}:{line}").returncode == 0, place
    written = run(orders, "explain", "statements/statements/worker.py:15").stdout
    assert "insert into " in written
    assert "  consumer: KafkaConsumer at statements/statements/worker.py:23\n" in written


# Input that is not what it should be -------------------------------------------------------------


def skipped(folder: Path, *arguments: str) -> dict[str, str]:
    """The reasons by path; the one good file is judged all the same."""
    code, data = report(folder, *arguments)
    assert code == 1
    assert [one["path"] for one in data["findings"]] == ["client.py"]
    return {one["path"]: one["reason"] for one in data["skipped"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "client.py").write_text(CLIENT)
    return tmp_path


def test_bytes_that_are_no_text(project: Path) -> None:
    (project / "binary.py").write_bytes(b"kafka\0\1\2")
    (project / "latin.py").write_bytes(b"import kafka  # caf\xe9\n")
    (project / "binary.json").write_bytes(b'{"connector.class": "\0"}')
    (project / "latin.properties").write_bytes(b"# caf\xe9\nbootstrap.servers=k\nacks=all\n")
    assert skipped(project) == {
        "binary.json": "binary file",
        "binary.py": "binary file",
        "latin.py": "not UTF-8 at byte 19",
    }


def test_files_that_do_not_parse(project: Path) -> None:
    (project / "broken.py").write_text("import kafka\ndef f(:\n")
    (project / "old.py").write_text("import kafka\nprint 'x'\n")
    (project / "broken.json").write_text('{"connector.class": }')
    (project / "broken.yaml").write_text("bootstrap.servers: [\n")
    (project / "broken.toml").write_text('"bootstrap.servers" = \n')
    reasons = skipped(project)
    assert set(reasons) == {"broken.py", "old.py", "broken.json", "broken.yaml", "broken.toml"}
    assert reasons["old.py"].startswith("Python 2 source")
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert reasons["broken.py"].startswith(f"not valid Python {running}: ")
    assert reasons["broken.json"].endswith("(line 1, column 21)")
    lines = run(project, "check").stderr.splitlines()
    assert sum(line.startswith("oncelint: skipped ") for line in lines) == 5
    assert "1 finding (1 warning) in 6 files (1 read)" in lines


def test_nesting_that_crashes_parsers(project: Path) -> None:
    deep = 100_000
    (project / "brackets.py").write_text("import kafka\nx = " + "(" * deep + ")" * deep)
    (project / "chain.py").write_text("import kafka\nx = kafka" + ".a()" * 20_000)
    (project / "minus.py").write_text("import kafka\nx = " + "-" * deep + "1")
    (project / "brackets.json").write_text('{"connector.class": ' + "[" * deep + "]" * deep + "}")
    (project / "flow.yaml").write_text("bootstrap.servers: " + "[" * deep)
    (project / "bombs.yaml").write_text(
        "a: &a [bootstrap.servers, x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{f'*{chr(97 + n)}, ' * 9}]\n" for n in range(9))
    )
    (project / "dotted.toml").write_text(".".join(["a"] * deep) + " = 'bootstrap.servers'\n")
    code, data = report(project)
    assert code == 1
    assert [one["path"] for one in data["findings"]] == ["client.py"]
    assert {one["path"] for one in data["skipped"]} >= {
        *("brackets.py", "minus.py", "brackets.json", "flow.yaml", "dotted.toml"),
    }
    assert not data["errors"]


def test_files_above_the_limit(project: Path) -> None:
    (project / "large.py").write_text(CLIENT + "# " + "x" * 2_000_001)
    assert skipped(project) == {"large.py": "larger than 2000000 bytes"}
    code, data = report(project, "--config", "max-file-size=3000000")
    assert (code, data["skipped"]) == (1, [])
    assert [one["path"] for one in data["findings"]] == ["client.py", "large.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_what_is_no_regular_file(project: Path) -> None:
    os.mkfifo(project / "pipe.py")
    (project / "loop.py").symlink_to("loop.py")
    (project / "around").symlink_to(project)
    (project / "nowhere.py").symlink_to("gone.py")
    (project / "folder.py").mkdir()
    assert skipped(project) == {
        "loop.py": "loop of symbolic links",
        "nowhere.py": "broken link",
        "pipe.py": "not a regular file",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that opens and does not read")
def test_a_file_that_cannot_be_read(project: Path) -> None:
    (project / "memory.py").symlink_to("/proc/self/mem")
    assert skipped(project) == {"memory.py": "unreadable: Input/output error"}


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is closed to this user"
)
def test_what_the_user_may_not_read(project: Path) -> None:
    (project / "closed.py").write_text(CLIENT)
    (project / "closed.py").chmod(0)
    (project / "locked").mkdir()
    (project / "locked").chmod(0)
    try:
        assert skipped(project) == {
            "closed.py": "unreadable: Permission denied",
            "locked": "unreadable: the folder cannot be listed",
        }
    finally:
        (project / "locked").chmod(0o700)


def test_a_file_that_is_listed_and_gone(project: Path) -> None:
    (project / "gone.py").write_text(CLIENT)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", str(project), *command], check=True)
    (project / "gone.py").unlink()
    assert skipped(project) == {"gone.py": "gone: listed, but no longer there"}
    assert run(project, "check", "--strict").returncode == 1


def test_templates_are_skipped_as_such(project: Path) -> None:
    (project / "chart" / "templates").mkdir(parents=True)
    helm = "bootstrap.servers: {{ .Values.kafka }}\nacks: 1\n"
    (project / "chart" / "templates" / "config.yaml").write_text(helm)
    jinja = "bootstrap.servers={{ kafka }}\n{% if fast %}acks=1{% endif %}\n"
    (project / "producer.properties").write_text(jinja)
    generated = "import kafka\n{% if fast %}\nacks = 1\n{% endif %}\n"
    (project / "generated.py").write_text(generated)
    (project / "named.py").write_text("import kafka\nfrom {{ cookiecutter.name }} import x\n")
    reasons = skipped(project)
    assert reasons == {
        "chart/templates/config.yaml": "Helm template",
        "generated.py": "Jinja template",
        "named.py": "Jinja template",
        "producer.properties": "Jinja template",
    }
    assert "the analysis is partial" not in run(project, "check").stderr
    # braces doubled in an f-string are none
    (project / "broken.py").write_text("import kafka\nx = f'{{\"a\": 1}}' (\n")
    assert skipped(project)["broken.py"].startswith("not valid Python")


def test_strict_makes_a_file_that_may_matter_exit_2(project: Path) -> None:
    assert run(project, "check", "--strict").returncode == 1
    (project / "broken.py").write_text("import kafka (\n")
    assert run(project, "check").returncode == 1
    assert run(project, "check", "--strict").returncode == 2


def test_nothing_of_the_project_is_imported_or_run(project: Path) -> None:
    trap = "open('touched', 'w').close()\nimport kafka\n"
    for name in ("yaml.py", "json.py", "sitecustomize.py", "setup.py", "conftest.py", "kafka.py"):
        (project / name).write_text(trap)
    assert concise(project) == [FOUND]
    assert not (project / "touched").exists()


# Defects of our own ------------------------------------------------------------------------------

_CRASH = """
import sys
from oncelint import check, cli
rule = check.catalogue()["producer-not-idempotent"]
def boom(subject, project):
    raise ZeroDivisionError("by zero")
object.__setattr__(rule, "check", boom)
sys.exit(cli.main(sys.argv[1:]))
"""
_EXTRACTOR = """
import sys
from oncelint import cli
from oncelint.frameworks import connect
def boom(document, text, path):
    raise ZeroDivisionError("by zero")
connect.recognise = boom
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_rule_that_crashes_is_an_error_and_the_others_go_on(orders: Path) -> None:
    done = run(orders, "check", "--output-format", "json", code=_CRASH)
    data = json.loads(done.stdout)
    assert done.returncode == 2
    assert [one["rule"] for one in data["errors"]] == ["producer-not-idempotent"] * len(
        data["errors"]
    )
    assert data["errors"][0]["message"].startswith("ZeroDivisionError: by zero")
    places = {f"{one['path']}:{one['start']['line']}" for one in data["findings"]}
    assert places >= {line.split(":", 2)[0] + ":" + line.split(":")[1] for line in PLACES}
    assert "oncelint: error in rule producer-not-idempotent in " in done.stderr


def test_an_extractor_that_crashes_is_an_error_and_the_others_go_on(orders: Path) -> None:
    done = run(orders, "check", "--output-format", "json", code=_EXTRACTOR)
    data = json.loads(done.stdout)
    assert done.returncode == 2
    paths = {one["path"] for one in data["errors"]}
    assert "connect/bookings-sink.json" in paths
    assert {one["rule"] for one in data["findings"]} >= {"unknown-key", "unstable-transactional-id"}


# Fixing ------------------------------------------------------------------------------------------

# A planner for CLIENT: by file name it is right, unsafe, or wrong in one of the ways there are.
_PLANNER = """
import sys, types
from dataclasses import replace
from oncelint import cli
from oncelint.model.fixes import Edit, Fix
NEW = {
    "unreadable.py": '"enable.idempotence": True, {',
    "left.py": '"acks": "all", ',
    "adds.py": '"enable.idempotence": True, "lingre.ms": 5, ',
}
def plan(findings, project, source, mentions, suppressed):
    return [replace(one, fixes=tuple(fixes(one, source))) for one in findings]
def fixes(finding, source):
    path = finding.span.path
    text = source(path)
    start = text.text.find('"bootstrap')
    if finding.rule == "producer-not-idempotent" and start >= 0:
        edit = Edit(text.span(start, start), NEW.get(path, '"enable.idempotence": True, '))
        yield Fix(
            title="set enable.idempotence to true",
            safety="unsafe" if path == "unsafe.py" else "safe",
            edits=(edit,),
        )
sys.modules["oncelint.fix.plan"] = types.SimpleNamespace(plan=plan)
"""
_RUN = "sys.exit(cli.main(sys.argv[1:]))\n"
FIXED_CLIENT = CLIENT.replace("{", '{"enable.idempotence": True, ')
PATCH = """\
diff --git a/client.py b/client.py
--- a/client.py
+++ b/client.py
@@ -1,3 +1,3 @@
 from confluent_kafka import Producer
 \n\
-producer = Producer({"bootstrap.servers": "k:9092"})
+producer = Producer({"enable.idempotence": True, "bootstrap.servers": "k:9092"})
"""


def fix(
    folder: Path, *arguments: str, stdin: str | bytes = b"", before: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `check` with the planner above; `before` is code that runs first."""
    given = ("check", "--output-format", "concise", *arguments)
    return run(folder, *given, stdin=stdin, code=_PLANNER + before + _RUN)


def message(name: str) -> str:
    """What is said of CLIENT in a file that was not fixed."""
    return (
        f"{name}:3:12: warning[producer-not-idempotent] retries can write a record twice:"
        " enable.idempotence is false by default; set it to true\n"
    )


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in folder.iterdir() if path.is_file()}


def test_fix_writes_the_file_and_keeps_its_mode(project: Path) -> None:
    (project / "client.py").chmod(0o755)
    done = fix(project, "--fix")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "1 finding (1 fixed, 0 left) in 1 file (1 read)\n"
    assert files(project) == {"client.py": FIXED_CLIENT}
    assert (project / "client.py").stat().st_mode & 0o777 == 0o755
    assert fix(project, "--fix").stderr == "0 findings (0 fixed, 0 left) in 1 file (1 read)\n"


def test_fixing_a_project(orders: Path, tmp_path: Path) -> None:
    """With oncelint's own planner: --diff and --fix come to the same, and a second run to nothing."""
    copy = Path(shutil.copytree(orders, tmp_path / "copy"))
    patch = run(copy, "check", "-q", "--diff")
    assert patch.returncode == 1
    subprocess.run(["git", "apply"], cwd=copy, input=patch.stdout.encode(), check=True)
    done = run(orders, "check", "--fix", "--output-format", "concise")
    assert done.returncode == 1
    assert done.stderr.startswith("7 findings (3 fixed, 4 left) in 13 files (11 read), 1 suppress")
    left = [PLACES[1], PLACES[2], PLACES[4], PLACES[6]]
    assert concise(orders) == left
    changed = {
        path.relative_to(orders).as_posix(): path.read_text()
        for path in sorted(orders.rglob("*"))
        if path.is_file() and ".git" not in path.parts
        if path.read_bytes() != (ORDERS / path.relative_to(orders)).read_bytes()
    }
    assert {name: (copy / name).read_text() for name in changed} == changed
    assert list(changed) == [PLACES[index].partition(":")[0] for index in (0, 3, 5)]
    for name, old, new in (
        ("checkout/checkout/settings.py", "enable.idempotent", "enable.idempotence"),
        ("reports/src/main/resources/producer.properties", "acks=1", "acks=all"),
        ("statements/statements/kafka.ini", "read_uncommitted", "read_committed"),
    ):
        assert changed[name] == (ORDERS / name).read_text().replace(old, new)
    again = run(orders, "check", "-q", "--diff")
    assert (again.returncode, again.stdout) == (1, "")


def test_what_is_left_is_reported(project: Path) -> None:
    (project / "unsafe.py").write_text(CLIENT)
    done = fix(project, "--fix")
    assert done.returncode == 1
    assert done.stdout.startswith("unsafe.py:3:12: warning[producer-not-idempotent] ")
    assert done.stderr == (
        "2 findings (1 fixed, 1 left) in 2 files (2 read)\n1 more fixable with --unsafe-fixes\n"
    )
    done = fix(project, "--fix", "--unsafe-fixes")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "1 finding (1 fixed, 0 left) in 2 files (2 read)\n"
    assert files(project) == {"client.py": FIXED_CLIENT, "unsafe.py": FIXED_CLIENT}


@pytest.mark.parametrize("format", ["full", "json", "sarif", "github"])
def test_what_is_left_is_reported_in_every_format(project: Path, format: str) -> None:
    (project / "worker.py").write_text(CLIENT.replace('{"bootstrap.servers": "k:9092"}', "{}"))
    done = fix(project, "--fix", "--output-format", format, "--output", "json=report.json")
    assert done.returncode == 1
    assert "client.py" not in done.stdout
    assert "worker.py" in done.stdout
    left = json.loads((project / "report.json").read_text())["findings"]
    assert [one["path"] for one in left] == ["worker.py"]


def test_only_named_files_are_written(project: Path) -> None:
    (project / "other.py").write_text(CLIENT)
    (project / "sub").mkdir()
    (project / "sub" / "inner.py").write_text(CLIENT)
    done = fix(project, "--fix", "other.py", "sub")
    assert done.stderr == "2 findings (2 fixed, 0 left) in 3 files (3 read)\n"
    assert files(project) == {"client.py": CLIENT, "other.py": FIXED_CLIENT}
    assert files(project / "sub") == {"inner.py": FIXED_CLIENT}


def test_a_fix_in_a_file_not_named_is_counted(project: Path) -> None:
    (project / "client.py").write_text(
        "from confluent_kafka import Producer\nfrom settings import SETTINGS\n\n"
        "producer = Producer(SETTINGS)\n"
    )
    (project / "settings.py").write_text('SETTINGS = {"bootstrap.servers": "k:9092"}\n')
    before = (
        "def plan(findings, project, source, mentions, suppressed):\n"
        "    text = source('settings.py')\n"
        "    place = text.text.find('\"bootstrap')\n"
        "    edit = Edit(text.span(place, place), '\"enable.idempotence\": True, ')\n"
        "    fix = Fix(title='set it', safety='safe', edits=(edit,))\n"
        "    return [replace(one, fixes=(fix,)) for one in findings]\n"
        "sys.modules['oncelint.fix.plan'].plan = plan\n"
    )
    done = fix(project, "--fix", "client.py", before=before)
    assert done.returncode == 1
    assert done.stderr == (
        "1 finding (0 fixed, 1 left) in 2 files (2 read)\n"
        "1 more fixable in files that were not named\n"
    )
    done = fix(project, "--fix", "client.py", "settings.py", before=before)
    assert (done.returncode, done.stdout) == (0, "")


def test_exit_codes_of_fixing(project: Path) -> None:
    assert fix(project, "--fix", "--exit-non-zero-on-fix").returncode == 1
    assert fix(project, "--fix", "--exit-non-zero-on-fix").returncode == 0
    (project / "client.py").write_text(CLIENT)
    assert fix(project, "--fix", "--exit-non-zero-on-fix", "--exit-zero").returncode == 0
    (project / "unsafe.py").write_text(CLIENT)
    assert fix(project, "--fix").returncode == 1
    assert fix(project, "--fix", "--fail-on", "error").returncode == 0
    assert fix(project, "--fix", "--exit-zero").returncode == 0


def test_unsafe_fixes_alone_are_counted(project: Path) -> None:
    (project / "unsafe.py").write_text(CLIENT)
    head = "2 findings (2 warnings) in 2 files (2 read)\n"
    done = fix(project, "--unsafe-fixes")
    assert (done.returncode, done.stderr) == (1, f"{head}2 fixable with --fix --unsafe-fixes\n")
    # without it the format decides whether fixes are planned
    assert fix(project).stderr == head
    done = fix(project, "--output-format", "json")
    assert done.stderr == f"{head}1 fixable with --fix, 1 more with --unsafe-fixes\n"
    assert files(project) == {"client.py": CLIENT, "unsafe.py": CLIENT}


def test_diff_is_what_git_applies(project: Path) -> None:
    done = fix(project, "--diff")
    assert (done.returncode, done.stdout) == (1, PATCH)
    assert done.stderr == "1 finding (1 would be fixed, 0 left) in 1 file (1 read)\n"
    assert files(project) == {"client.py": CLIENT}
    assert fix(project, "--diff", "--fix").stdout == PATCH
    assert fix(project, "--diff", "--exit-zero").returncode == 0
    subprocess.run(["git", "apply"], cwd=project, input=done.stdout.encode(), check=True)
    assert files(project) == {"client.py": FIXED_CLIENT}
    done = fix(project, "--diff")
    assert (done.returncode, done.stdout) == (0, "")


def test_diff_without_changes_has_the_exit_code_of_its_findings(project: Path) -> None:
    (project / "client.py").rename(project / "unsafe.py")
    done = fix(project, "--diff", "--output", "json=report.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "1 finding (0 would be fixed, 1 left) in 1 file (1 read)\n"
        "1 more fixable with --unsafe-fixes\n"
    )
    assert len(json.loads((project / "report.json").read_text())["findings"]) == 1
    assert fix(project, "--diff", "--unsafe-fixes").stdout == PATCH.replace("client", "unsafe")


def test_diff_keeps_the_bytes_of_other_encodings(project: Path) -> None:
    """What is no UTF-8 goes out as it came in, and a carriage return as well."""
    text = ("\ufeff" + CLIENT + "# gr\u00fcn\n").replace("\n", "\r\n").encode()
    (project / "client.py").write_bytes(text)
    done = subprocess.run(
        [sys.executable, "-c", _PLANNER + _RUN, "check", "-q", "--diff"],
        cwd=project,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    subprocess.run(["git", "apply"], cwd=project, input=done.stdout, check=True)
    assert (project / "client.py").read_bytes() == text.replace(
        b"{", b'{"enable.idempotence": True, '
    )


def test_a_buffer_is_fixed_onto_stdout(project: Path) -> None:
    name = ("--stdin-filename", "client.py")
    text = CLIENT.replace("\n", "\r\n")
    done = fix(project, "--fix", *name, stdin=text)
    assert (done.returncode, done.stdout) == (0, FIXED_CLIENT.replace("\n", "\r\n"))
    assert done.stderr == "1 finding (1 fixed, 0 left) in 1 file (1 read)\n"
    done = fix(project, "-q", "--fix", "--stdin-filename", "unsafe.py", stdin=text)
    assert (done.returncode, done.stdout) == (1, text)
    assert done.stderr.startswith("unsafe.py:3:12: warning[producer-not-idempotent] ")
    done = fix(project, "-q", "--diff", *name, stdin=CLIENT)
    assert (done.returncode, done.stdout, done.stderr) == (1, PATCH, "")
    done = fix(project, "-q", "--fix", *name, stdin="no client here")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no client here", "")
    assert files(project) == {"client.py": CLIENT}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unreadable.py", "unreadable.py could not be read any more: not valid Python 3."),
        ("left.py", "it does not remove its finding\n"),
    ],
)
def test_a_wrong_fix_is_a_defect_and_is_not_written(project: Path, name: str, reason: str) -> None:
    (project / name).write_text(CLIENT)
    for flag, code in (("--diff", PATCH), ("--fix", "")):
        done = fix(project, flag)
        assert done.returncode == 2
        assert done.stderr.startswith(
            f"oncelint: error in rule producer-not-idempotent in {name}: a fix of oncelint's own"
            f" was dropped (set enable.idempotence to true): {reason}"
        )
        assert done.stdout == code if code else done.stdout.startswith(f"{name}:3:12: warning[")
    # the others are
    assert files(project) == {"client.py": FIXED_CLIENT, name: CLIENT}
    done = fix(project, "--fix", "--exit-zero", "--output-format", "json")
    assert done.returncode == 2
    (error,) = json.loads(done.stdout)["errors"]
    assert (error["rule"], error["path"]) == ("producer-not-idempotent", name)


def test_a_fix_that_leads_to_another_finding_is_left_out_and_told(project: Path) -> None:
    (project / "adds.py").write_text(CLIENT)
    told = (
        "oncelint: not fixed: adds.py:3: set enable.idempotence to true: it leads to unknown-key in"
        " adds.py\n"
    )
    done = fix(project, "--diff")
    assert (done.returncode, done.stdout) == (1, PATCH)
    assert done.stderr.startswith(told)
    done = fix(project, "--fix")
    assert done.returncode == 1
    assert done.stdout.startswith("adds.py:3:12: warning[")
    assert done.stderr.startswith(told)
    assert files(project) == {"client.py": FIXED_CLIENT, "adds.py": CLIENT}
    assert fix(project, "-q", "--fix").stderr == ""


_MEANWHILE = """
from oncelint import api
def later(fixed, root, write=api.write):
    (root / "client.py").open("a").write("# by somebody else\\n")
    return write(fixed, root)
api.write = later
"""


def test_a_file_that_changes_meanwhile_is_not_overwritten(project: Path) -> None:
    (project / "other.py").write_text(CLIENT)
    done = fix(project, "--fix", before=_MEANWHILE)
    assert done.returncode == 2
    # the report is of the files as they are
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == [
        "client.py:3:12:",
        "other.py:3:12:",
    ]
    assert done.stderr == (
        "oncelint: error in client.py: nothing was written: it has changed since it was read\n"
        "2 findings (2 warnings) in 2 files (2 read)\n"
        "2 fixable with --fix\n"
    )
    assert files(project) == {
        "client.py": CLIENT + "# by somebody else\n",
        "other.py": CLIENT,
    }


def test_links_and_hard_links(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("elsewhere") / "outside.py"
    outside.write_text(CLIENT)
    (project / "link.py").symlink_to("client.py")
    (project / "out.py").symlink_to(outside)
    (project / "one.py").write_text(CLIENT)
    os.link(project / "one.py", project / "two.txt")
    done = fix(project, "--fix")
    assert done.returncode == 2
    assert done.stderr == (
        "oncelint: error in one.py: not written: it has other names (hard links), which would keep"
        " the old text\n"
        "oncelint: error in out.py: not written: it is a link that leads out of the project\n"
        "4 findings (2 fixed, 2 left) in 5 files (4 read)\n"
    )
    assert (project / "link.py").is_symlink()
    assert (project / "client.py").read_text() == FIXED_CLIENT
    assert outside.read_text() == (project / "one.py").read_text() == CLIENT
    # a patch writes nothing, so that hard links do not matter
    done = fix(project, "--diff")
    assert "--- a/one.py\n" in done.stdout
    assert "out.py" not in done.stdout


_FULL_DISK = """
import os
def full(descriptor):
    raise OSError(28, "No space left on device")
os.fsync = full
"""


def test_a_full_disk_loses_nothing(project: Path) -> None:
    done = fix(project, "--fix", before=_FULL_DISK)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "oncelint: error in client.py: nothing was written: No space left on device\n"
    )
    assert files(project) == {"client.py": CLIENT}


def test_an_interrupt_while_writing_loses_nothing(project: Path) -> None:
    interrupted = _FULL_DISK.replace('OSError(28, "No space left on device")', "KeyboardInterrupt")
    done = fix(project, "--fix", before=interrupted)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "oncelint: interrupted\n"
    assert files(project) == {"client.py": CLIENT}


@pytest.mark.parametrize("format", ["concise", "github"])
def test_what_shows_no_fixes_loads_nothing_of_them(project: Path, format: str) -> None:
    code = (
        "import sys\nfrom oncelint import cli\ncode = cli.main(sys.argv[1:])\n"
        "print([name for name in sys.modules if name.startswith(('oncelint.fix', 'libcst'))])\n"
        "sys.exit(code)\n"
    )
    done = run(project, "check", "-q", "--output-format", format, code=code)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "[]"


# Pipes -------------------------------------------------------------------------------------------


def _closed_early(command: Sequence[str], folder: Path) -> tuple[int, str]:
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        error = process.stderr.read().decode()
    return process.returncode, error


@pytest.mark.parametrize("format", ["full", "concise", "json"])
def test_a_closed_pipe_is_no_traceback(orders: Path, format: str) -> None:
    code, error = _closed_early([COMMAND, "check", "-q", "--output-format", format], orders)
    assert (code, error) == (1, "")


def test_head_is_content(orders: Path) -> None:
    pipe = f"'{COMMAND}' check -q --output-format concise | head -n 1"
    done = subprocess.run(["sh", "-c", pipe], cwd=orders, capture_output=True, text=True)
    assert done.stdout.startswith(PLACES[0])
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another matter there")
def test_an_interrupt_ends_the_run_quietly(orders: Path) -> None:
    """The buffer is awaited from stdin, so the run is certainly under way."""
    with subprocess.Popen(
        [COMMAND, "check", "--stdin-filename", "a.py"],
        cwd=orders,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, b"")
    assert error == b"oncelint: interrupted\n"
