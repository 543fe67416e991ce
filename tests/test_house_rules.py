"""The house rules, walked over the code. Each message says what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parents[1]
TASUKI = ROOT / "tasuki"
LONGEST = {"*.py": 500, "*.jinja": 120, "*.html": 120, "*.ts": 150}
LONGEST_FUNCTION = 50
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "service", "services"}
# Where verbs live: below the interfaces.
VERB_LAYERS = ("core", "crm", "engage", "inside_sales", "sales", "relay")


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
    files = [path for pattern in LONGEST for folder in (TASUKI, ROOT / "tests") for path in folder.rglob(pattern)]
    vague = [named(path) for path in files if path.stem in VAGUE or path.parent.name in VAGUE]
    # allauth looks for layouts/base.html.
    vague = [name for name in vague if not name.endswith("allauth/layouts/base.html")]
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
    clock = re.compile(r"\b(timezone\.now\(|datetime\.now\(|date\.today\(|now\(\))")
    asking = [
        named(path)
        for layer in VERB_LAYERS
        for path in python_files(TASUKI / layer)
        if clock.search(text := path.read_text(encoding="utf-8")) and "# the clock of a job" not in text
    ]
    assert not asking, f"Take `at` as an argument: {asking}"


def test_a_verb_says_what_its_arguments_are() -> None:
    loose, timeless = [], []
    for layer in VERB_LAYERS:
        for path in python_files(TASUKI / layer):
            for verb in verbs(path):
                if len(verb.args.args) > 1:
                    loose.append(f"{named(path)}:{verb.name}")
                if "at" not in {argument.arg for argument in verb.args.kwonlyargs}:
                    timeless.append(f"{named(path)}:{verb.name}")
    assert not loose, f"Everything after the subject is keyword-only (a `*` after it): {loose}"
    assert not timeless, f"Who does something does it at a time; take `at` beside `by`: {timeless}"


def verbs(path: Path) -> Iterator[ast.FunctionDef]:
    """The public functions that somebody does something with: they take `by`."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and any(is_actor(argument) for argument in all_arguments(node)):
            yield node


def is_actor(argument: ast.arg) -> bool:
    """`by: By`; numbers are asked `by` a grouping too."""
    return argument.arg == "by" and argument.annotation is not None and ast.unparse(argument.annotation) == "By"


def all_arguments(node: ast.FunctionDef) -> list[ast.arg]:
    return [*node.args.args, *node.args.kwonlyargs]


def test_a_view_reaches_rows_only_as_their_viewer() -> None:
    # Everybody sees the stages; a person's second factors are allauth's, and are asked for by person.
    everything = re.compile(r"\b(?!Authenticator|Stage)[A-Z]\w+\.objects\.(?!visible_to\(|none\(|get_queryset\(\)\.none\()")
    guilty = [
        f"{named(path)}:{number}"
        for path in python_files(TASUKI / "web")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if everything.search(line)
    ]
    assert not guilty, f"Begin with `Model.objects.visible_to(user)`, or ask a question of the noun's module: {guilty}"


def test_a_field_says_what_it_holds() -> None:
    wrong = []
    for model in apps.get_models():
        if model.__module__.startswith("tasuki."):
            for field in model._meta.local_fields:
                if isinstance(field, models.DateTimeField):
                    fits = field.name == "at" or field.name.endswith(("_at", "_since")) or field.name == "last_login"  # Django's
                elif isinstance(field, models.DateField):
                    fits = field.name.endswith("_on")
                else:
                    fits = not field.name.endswith(("_at", "_on", "_count")) or isinstance(field, models.ForeignKey)
                wrong += [] if fits else [f"{model.__name__}.{field.name}"]
    assert not wrong, f"Moments end in _at, days in _on, counts begin with n_, and nothing else does: {wrong}"


def test_what_is_ignored_says_why() -> None:
    silent = re.compile(r"# (?:type: ignore(?!\[[\w-]+\]  ?# ?\S)|noqa(?!: [A-Z]+\d+(?:, [A-Z]+\d+)* ?(?:#|-|–|\() ?\S))")
    guilty = [
        f"{named(path)}:{number}"
        for path in python_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if silent.search(line)
    ]
    assert not guilty, f"Name the rule, and the reason after it: `# noqa: S701 - Django turns it on`: {guilty}"


def test_no_test_is_skipped() -> None:
    skipping = re.compile(r"pytest\.(skip|xfail|importorskip)\(|mark\.(skip|skipif|xfail)\b")
    guilty = [
        f"{named(path)}:{number}"
        for path in python_files(ROOT / "tests")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        # The real data is not ours to ship: it lies beside the clone, or is not there.
        if skipping.search(line) and "../shared/data" not in line and path != Path(__file__)
    ]
    assert not guilty, f"A skipped test looks like a passing one; make it run here, or take it away: {guilty}"


def test_what_a_browser_waits_for_is_a_function() -> None:
    expression = re.compile(r"""wait_for_function\(\s*f?["'](?![^"']*=>)""")
    guilty = [
        f"{named(path)}:{source[: found.start()].count(chr(10)) + 1}"
        for path in python_files(ROOT / "tests")
        for source in [path.read_text(encoding="utf-8")]
        for found in expression.finditer(source)
    ]
    assert not guilty, f"The page's policy refuses to evaluate an expression a second time; write `() => …`: {guilty}"


def test_no_page_carries_script_or_style_in_its_markup() -> None:
    inline = re.compile(r"<script(?![^>]*(?:\bsrc=|application/json))|<style|\sstyle=|\son[a-z]+=")
    templates = [*TASUKI.rglob("*.jinja"), *(TASUKI / "web").rglob("*.html")]
    guilty = [named(path) for path in templates if inline.search(path.read_text(encoding="utf-8"))]
    assert not guilty, f"The content security policy forbids it; write an element or a class: {guilty}"
