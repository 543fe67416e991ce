"""The message catalogues: `python -m tasuki.web.catalogues extract | merge FOLDER | check | compile`.

`extract` brings the .po files up to date with the code; `merge` reads translations from tab-separated files
(message, Korean, Japanese, context where it has one; plural forms separated by |); `check` names what is missing, stale or broken; `compile` writes .mo.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

_TASUKI = Path(__file__).resolve().parents[1]
_LOCALE = _TASUKI / "locale"
LANGUAGES = ("ko", "ja")
_KEYWORDS = {**DEFAULT_KEYWORDS, "gettext_lazy": None, "gettext_noop": None, "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2)}
_METHODS = [("**/migrations/**.py", "ignore"), ("**.py", "python"), ("**.jinja", "jinja2")]
_OPTIONS = {"**.jinja": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}}
_DJANGO_TAG = re.compile(r'\{%\s*trans(?:late)?\s+"([^"]+)"')
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")


def _path(language: str) -> Path:
    return _LOCALE / language / "LC_MESSAGES" / "django.po"


def _in_code() -> Catalog:
    """Every message that code and templates name, without their places: places change with every edit."""
    catalog = Catalog(charset="utf-8")
    for _place, _line, message, _comments, context in extract_from_dir(_TASUKI, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS):
        catalog.add(message, context=context)
    for template in (_TASUKI / "web" / "templates_django").rglob("*.html"):
        for message in _DJANGO_TAG.findall(template.read_text(encoding="utf-8")):
            catalog.add(message)
    return catalog


def _read(language: str) -> Catalog:
    path = _path(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", project="Tasuki", version="0.1")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _write(language: str, catalog: Catalog) -> None:
    catalog.fuzzy = False
    catalog.header_comment = f"# Tasuki: what it says in {catalog.locale.get_display_name('en') if catalog.locale else language}.\n#"
    catalog.last_translator = catalog.language_team = catalog.msgid_bugs_address = ""
    _path(language).parent.mkdir(parents=True, exist_ok=True)
    with _path(language).open("wb") as file:
        write_po(file, catalog, sort_output=True, omit_header=False, no_location=True, ignore_obsolete=True, width=0)


def extract() -> None:
    template = _in_code()
    for language in LANGUAGES:
        known, fresh = _read(language), Catalog(locale=language, charset="utf-8", project="Tasuki", version="0.1")
        for message in template:
            if message.id:
                old = known.get(message.id, context=message.context)
                fresh.add(message.id, _kept(message, old), context=message.context)
        # A catalogue that changes its date at every run is noise in every diff.
        fresh.creation_date = fresh.revision_date = known.creation_date
        _write(language, fresh)


def _kept(message: Message, old: Message | None) -> str | tuple[str, ...]:
    """What was translated, also of a message that has become plural, or is so no longer."""
    forms = old.string if old else None
    said = forms if isinstance(forms, str) else next(iter(forms or ()), "")
    return (said,) if message.pluralizable else said


def merge(folder: Path) -> None:
    """Translations from `folder/*.tsv`; a message that is translated already keeps its translation."""
    extract()
    catalogs = {language: _read(language) for language in LANGUAGES}
    for file in sorted(folder.glob("*.tsv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                if len(row) >= 3:
                    _take(catalogs, row)
    for language, catalog in catalogs.items():
        _write(language, catalog)


def _take(catalogs: dict[str, Catalog], row: list[str]) -> None:
    singular = row[0].replace("\\n", "\n").split("|")[0]
    context = row[3] if len(row) > 3 else None
    for language, said in zip(LANGUAGES, row[1:3], strict=True):
        message = catalogs[language].get(singular, context) or catalogs[language].get(row[0], context)
        if message is None:
            continue
        text = said.replace("\\n", "\n")
        if message.pluralizable:
            # Korean and Japanese have one form for all numbers.
            message.string = message.string if message.string and any(message.string) else (text.split("|")[0],)
        elif not message.string:
            message.string = text


def problems() -> Iterator[str]:
    """What is wrong with the catalogues, one sentence each."""
    template = _in_code()
    wanted = {(message.context, _singular(message.id)): message for message in template if message.id}
    for language in LANGUAGES:
        there = {(message.context, _singular(message.id)): message for message in _read(language) if message.id}
        for key in wanted.keys() - there.keys():
            yield f"{language}: “{key[1]}” is not in the catalogue; run extract."
        for key in there.keys() - wanted.keys():
            yield f"{language}: “{key[1]}” is in no page any more; run extract."
        for key, message in there.items():
            yield from _problems_of(language, key[1], message)


def _problems_of(language: str, original: str, message: Message) -> Iterator[str]:
    forms = [message.string] if isinstance(message.string, str) else list(message.string or [])
    if message.fuzzy:
        yield f"{language}: “{original}” is marked fuzzy."
    if not forms or not all(forms):
        yield f"{language}: “{original}” has no translation."
    elif any(set(_PLACEHOLDER.findall(form)) != set(_PLACEHOLDER.findall(original)) for form in forms):
        yield f"{language}: “{original}” has other placeholders in its translation."


def _singular(identifier: str | tuple[str, ...] | list[str]) -> str:
    return identifier if isinstance(identifier, str) else identifier[0]


def compile_all() -> None:
    for language in LANGUAGES:
        with _path(language).with_suffix(".mo").open("wb") as file:
            write_mo(file, _read(language))


def main(arguments: list[str]) -> int:
    match arguments:
        case ["extract"]:
            extract()
        case ["merge", folder]:
            merge(Path(folder))
        case ["compile"]:
            compile_all()
        case ["check"]:
            found = list(problems())
            sys.stderr.writelines(f"{problem}\n" for problem in found)
            return 1 if found else 0
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
