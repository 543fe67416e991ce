"""The house rules, walked over the code. Each message says what to do instead."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TASUKI = ROOT / "tasuki"
LONGEST = {"*.py": 500, "*.jinja": 120, "*.ts": 150}
LONGEST_FUNCTION = 50
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "service", "services"}
# Where verbs live: below the interfaces.
VERB_LAYERS = ("core", "crm", "sales", "relay")


def python_files(folder: Path = TASUKI) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.py")) if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("pattern", LONGEST)
def test_a_file_reads_in_one_sitting(pattern: str) -> None:
    folders = [TASUKI, ROOT / "tests"] if pattern == "*.py" else [TASUKI]
    files = [path for folder in folders for path in folder.rglob(pattern) if "migrations" not in path.parts]
    long = {named(path): lines for path in files if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST[pattern]}
    assert not long, f"Longer than {LONGEST[pattern]} lines, so each is probably two things; split it along its nouns: {long}"


def test_a_function_fits_the_eye() -> None:
    long = [f"{named(path)}:{node.name}" for path in python_files() for node in functions(path) if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION]
    assert not long, f"Over {LONGEST_FUNCTION} lines; give its parts names of their own: {long}"


def test_a_module_is_named_for_what_it_is_about() -> None:
    vague = [named(path) for path in python_files() if path.stem in VAGUE or path.parent.name in VAGUE]
    assert not vague, f"Name the noun that the module is about: {vague}"


def test_nobody_overrides_save_or_listens_to_signals() -> None:
    guilty = [f"{named(path)}:{node.name}" for path in python_files() for node in functions(path) if node.name in {"save", "delete"}]
    assert not guilty, f"Write a verb that does it and is called by name: {guilty}"
    listening = [named(path) for path in python_files() if re.search(r"@receiver\b|\.connect\(\s*\w+,\s*sender", path.read_text(encoding="utf-8"))]
    assert not listening, f"Call the verb, or publish an event on commit: {listening}"


def test_nobody_catches_everything() -> None:
    guilty = [
        f"{named(path)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert not guilty, f"Name what can go wrong; let the rest be loud: {guilty}"


def test_only_views_jobs_and_commands_ask_the_clock() -> None:
    asking = [
        named(path)
        for layer in VERB_LAYERS
        for path in python_files(TASUKI / layer)
        if re.search(r"\b(timezone\.now\(|datetime\.now\(|now\(\))", path.read_text(encoding="utf-8")) and "# the clock of a job" not in path.read_text(encoding="utf-8")
    ]
    assert not asking, f"Take `at` as an argument: {asking}"


def test_a_verb_says_what_its_arguments_are() -> None:
    loose = []
    for layer in VERB_LAYERS:
        for path in python_files(TASUKI / layer):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and any(argument.arg == "by" for argument in (*node.args.args, *node.args.kwonlyargs)):
                    if len(node.args.args) > 1:
                        loose.append(f"{named(path)}:{node.name}")
    assert not loose, f"Everything after the subject is keyword-only (a `*` after it): {loose}"


def test_nothing_personal_to_a_machine_or_a_registry_is_in_the_tree() -> None:
    words = ["py" + "pi.org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian.org", "/" + "work/", "/" + "root/"]
    tracked = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in tracked.stdout.split("\0") if name and Path(name).suffix not in {".woff2", ".png"}]
    guilty = [f"{named(path)}: {word}" for path in files if path.is_file() for word in words if word in path.read_text(encoding="utf-8", errors="replace")]
    assert not guilty, f"These belong to one machine or one registry, not to the project: {guilty}"


def test_no_page_carries_script_or_style_in_its_markup() -> None:
    inline = re.compile(r"<script(?![^>]*(?:\bsrc=|application/json))|<style|\sstyle=|\son[a-z]+=")
    templates = [*TASUKI.rglob("*.jinja"), *(TASUKI / "web").rglob("*.html")]
    guilty = [named(path) for path in templates if inline.search(path.read_text(encoding="utf-8"))]
    assert not guilty, f"The content security policy forbids it; write an element or a class: {guilty}"
