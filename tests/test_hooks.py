"""The pre-commit manifest: what it is triggered by, and what it does in a repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from oncelint.dependencies import reader_for
from oncelint.discover import _KINDS, kind_of

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HOOK, FIXING = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
FILES = re.compile(HOOK["files"])
DEPENDENCY_FILES = [
    "requirements.txt",
    "svc/requirements-dev.in",
    "requirements/base.txt",
    "reqs/prod.in",
    "requirements.txt.freeze",
    "app/requirements.txt.prod",
    "deploy/pip.freeze",
    "constraints.txt",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "Pipfile",
    "Pipfile.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "pylock.toml",
    "pylock.dev.toml",
    "environment.yml",
    "conda/environment-dev.yaml",
    "pom.xml",
    "app/parent.pom",
    "build.gradle",
    "app/build.gradle.kts",
    "gradle.properties",
    "gradle/libs.versions.toml",
    "Dockerfile",
    "deploy/Dockerfile.prod",
    "Containerfile",
    "app.dockerfile",
    "install.sh",
    "deploy.yaml",
]


def test_the_hook_is_what_pre_commit_expects() -> None:
    assert (HOOK["id"], HOOK["language"], HOOK["require_serial"]) == ("oncelint", "python", True)
    assert HOOK["entry"] == "oncelint check --output-format concise"
    assert HOOK.get("pass_filenames", True)


def test_the_fixing_hook_is_the_same_but_for_what_it_does() -> None:
    own = ("id", "name", "description", "entry")
    assert FIXING["id"] == FIXING["name"] == "oncelint-fix"
    assert FIXING["entry"] == "oncelint check --fix --output-format concise"
    assert {k: v for k, v in FIXING.items() if k not in own} == {
        k: v for k, v in HOOK.items() if k not in own
    }


def test_the_other_name_of_the_manifest_leads_to_it() -> None:
    assert (ROOT / "pre-commit-hooks.yaml").resolve() == MANIFEST


@pytest.mark.parametrize(
    "name",
    # documentation is read on request alone
    [f"app/some{suffix}" for suffix, kind in _KINDS.items() if kind and kind != "markdown"]
    + [".env", "x/.env.local", "app/Dockerfile.dev"],
)
def test_every_kind_of_file_is_a_trigger(name: str) -> None:
    assert kind_of(name) is not None
    assert FILES.search(name)


@pytest.mark.parametrize("name", DEPENDENCY_FILES)
def test_every_file_that_tells_versions_is_a_trigger(name: str) -> None:
    assert reader_for(name) is not None
    assert FILES.search(name)


@pytest.mark.parametrize(
    "name", ["README.md", "web/index.js", "src/Main.java", "notes.txt", "a.pyi", "data.csv"]
)
def test_other_files_are_not(name: str) -> None:
    assert kind_of(name) in (None, "markdown")
    assert reader_for(name) is None
    assert not FILES.search(name)


CLIENT = """from confluent_kafka import Producer

producer = Producer({"bootstrap.servers": "kafka:9092"})
"""


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


class Repositories:
    """This tree as a repository of hooks, and a project that uses it by the real pre-commit."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which(
            "pre-commit", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        )
        assert found is not None, "ONCELINT_HOOKS is set, and pre-commit is not installed"
        self._command = found
        self._home = folder / "home"
        self.hook, self.project = folder / "hook", folder / "project"
        ignore = shutil.ignore_patterns(".git", ".*_cache", ".hypothesis", "wild", "evidence")
        shutil.copytree(ROOT, self.hook, symlinks=True, ignore=ignore)
        self.project.mkdir()
        (self.project / "client.py").write_text(CLIENT)
        (self.project / "other.py").write_text(CLIENT)
        (self.project / "README.md").write_text("kafka\n")
        for repository in (self.hook, self.project):
            _git(repository, "init", "-q")
            _git(repository, "add", "-A")
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        _git(self.hook, *identity, "commit", "-q", "-m", "hook")

    def attempt(self, hook: str, *files: str) -> tuple[int, str]:
        """Exit code and output of one hook on some files."""
        done = subprocess.run(
            [self._command, "try-repo", str(self.hook), hook, "--files", *files],
            cwd=self.project,
            env={**os.environ, "PRE_COMMIT_HOME": str(self._home)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(
    not os.environ.get("ONCELINT_HOOKS"),
    reason="builds the package with pip: set ONCELINT_HOOKS=1, with pre-commit installed",
)
def test_try_repo(tmp_path: Path) -> None:
    """The real pre-commit, on the hooks as they stand in this tree."""
    tried = Repositories(tmp_path)
    project = tried.project
    code, told = tried.attempt("oncelint", "client.py", "README.md")
    assert code == 1, told
    assert "client.py:3:12: warning[producer-not-idempotent]" in told
    assert "other.py" not in told
    assert (project / "client.py").read_text() == CLIENT

    code, told = tried.attempt("oncelint-fix", "client.py", "README.md")
    assert code == 1, told
    assert "files were modified by this hook" in told
    assert "1 finding (1 fixed, 0 left)" in told
    fixed = (project / "client.py").read_text()
    assert fixed != CLIENT
    assert (project / "other.py").read_text() == CLIENT
    _git(project, "add", "client.py")
    for hook in ("oncelint-fix", "oncelint"):
        code, told = tried.attempt(hook, "client.py")
        assert (code, "Passed" in told) == (0, True), told
    assert (project / "client.py").read_text() == fixed

    code, told = tried.attempt("oncelint", "README.md")
    assert (code, "no files to check" in told) == (0, True), told
