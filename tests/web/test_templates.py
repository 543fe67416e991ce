"""Every template reads as written: it compiles, what it names exists, and its markup keeps the rules that a browser would not tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import engines
from django.template.loader import get_template
from jinja2 import Environment, meta, nodes
from jinja2.filters import FILTERS

TEMPLATES = Path(__file__).resolve().parents[2] / "tasuki" / "web" / "templates"
OURS = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.jinja"))
DJANGO = TEMPLATES.with_name("templates_django")
TAG = re.compile(r"<(img|button|form|a)\b((?:[^<>{]|\{\{.*?\}\}|\{%.*?%\})*)>(.{0,200})", re.DOTALL)


@pytest.fixture(scope="session")
def environment() -> Environment:
    jinja: Environment = engines["jinja2"].env  # type: ignore[attr-defined]  # only this backend has it
    return jinja


@pytest.mark.parametrize("name", OURS)
def test_a_template_compiles_and_what_it_names_exists(name: str, environment: Environment) -> None:
    environment.get_template(name)
    tree = environment.parse((TEMPLATES / name).read_text(encoding="utf-8"))
    named = list(meta.find_referenced_templates(tree))
    assert None not in named, f"{name}: name the template in the tag itself, so that a missing one is found here"
    for imported in tree.find_all(nodes.FromImport):
        assert isinstance(imported.template, nodes.Const)
        there = set(environment.get_template(imported.template.value).module.__dict__)
        wanted = {name[0] if isinstance(name, tuple) else name for name in imported.names}
        assert wanted <= there, f"{name} imports from {imported.template.value} what is not there: {wanted - there}"


@pytest.mark.parametrize("name", OURS)
def test_nothing_is_worked_out_while_a_template_is_compiled(name: str, environment: Environment) -> None:
    """What a filter of ours makes of a constant would be kept, in the language of whoever came first."""
    tree = environment.parse((TEMPLATES / name).read_text(encoding="utf-8"))
    found = [f"{node.node.value!r} | {node.name}" for node in tree.find_all(nodes.Filter) if isinstance(node.node, nodes.Const) and node.name not in FILTERS]
    assert not found, f"{name}: say this in the view, or by a function: {found}"


@pytest.mark.parametrize("path", sorted(DJANGO.rglob("*.html")), ids=lambda path: str(path.relative_to(DJANGO)))
def test_a_sign_in_template_compiles(path: Path) -> None:
    get_template(str(path.relative_to(DJANGO)))


@pytest.mark.parametrize("name", OURS)
def test_the_markup_keeps_the_rules(name: str) -> None:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|\bautoescape\s+false", text), f"{name}: nothing is marked safe in a template; build it with format_html or Markup.format"
    for tag, attributes, after in TAG.findall(text):
        if tag == "img":
            assert "alt=" in attributes, f"{name}: an image has an alt, empty when it is decoration: <img{attributes}>"
        if tag == "form" and re.search(r'method="?post', attributes, re.IGNORECASE):
            assert "csrf_field(" in after, f"{name}: the first thing in a form that posts is csrf_field(request): <form{attributes}>"
        if tag == "a" and "_blank" in attributes:
            assert "noopener" in attributes, f'{name}: a link to a new window has rel="noopener": <a{attributes}>'


@pytest.mark.parametrize("name", OURS)
def test_what_is_opened_is_closed(name: str) -> None:
    """Counted over the whole file, branches and all; a template that opens in one branch and closes in another is hard to read anyway."""
    text = re.sub(r"\{#.*?#\}|<!--.*?-->", "", (TEMPLATES / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    for tag in (
        "a",
        "article",
        "button",
        "dd",
        "details",
        "div",
        "dl",
        "form",
        "h1",
        "h2",
        "h3",
        "header",
        "label",
        "main",
        "nav",
        "ol",
        "p",
        "section",
        "select",
        "span",
        "svg",
        "table",
        "tbody",
        "thead",
        "ul",
    ):
        opened, closed = len(re.findall(rf"<{tag}\b(?![^<>]*/>)", text)), text.count(f"</{tag}>")
        assert opened == closed, f"{name}: <{tag}> is opened {opened} times and closed {closed} times"
