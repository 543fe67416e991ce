"""`tasuki import`: a file becomes records, or what is wrong with it becomes sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import Progress

from tasuki.cli.readiness import get_ready

if TYPE_CHECKING:
    from tasuki.core.imports.questions import Question
    from tasuki.core.imports.runs import ImportRun


@click.command("import")
@click.argument("noun", required=False)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", "mapping_file", type=click.Path(dir_okay=False, path_type=Path), help="Which column fills which field, in YAML.")
@click.option("--propose", is_flag=True, help="Write a mapping for FILE to --mapping, or print it, and ask what it leaves open; import nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
@click.option("--resume", type=int, metavar="RUN", help="Go on with a run that was stopped in the middle.")
@click.option("--undo", type=int, metavar="RUN", help="Take back all that a run made and changed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_(
    *, noun: str | None, file: Path | None, mapping_file: Path | None, propose: bool, dry_run: bool, resume: int | None, undo: int | None, as_json: bool
) -> None:
    """Import FILE (CSV or XLSX) as NOUN: leads, accounts, contacts, products or opportunities."""
    if [undo, resume, noun].count(None) != 2 or (noun is not None and (file is None or (mapping_file is None and not propose))):
        raise click.UsageError("Name the noun, the file and --mapping or --propose; or --undo or --resume with the number of a run.")
    get_ready()
    if propose:
        _propose(str(noun), Path(str(file)), mapping_file)
        return
    if undo is not None:
        run = _undone(undo)
    elif resume is not None:
        run = _done(_going_on(resume))
    else:
        run = _imported(str(noun), Path(str(file)), Path(str(mapping_file)), dry=dry_run)
    _report(run, as_json=as_json)


def _report(run: ImportRun, *, as_json: bool) -> None:
    answer = _answer(run)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    click.echo(
        ", ".join(f"{answer[name]} {name}" for name in ("rows", "created", "updated", "skipped", "rejected", "warnings")) + f" (run {run.pk}, {run.state})"
    )
    if answer["options"]:
        click.echo("Options: " + ", ".join(f"{name} {said}" for name, said in answer["options"].items()))
    for note in answer["notes"]:
        click.echo(note)
    if answer["sureness"] != "certain":
        click.echo(f"The encoding was taken to be {answer['encoding']} ({answer['sureness']}); the mapping can name another.")
    if answer["ignored"]:
        click.echo(f"Columns that no field takes: {', '.join(answer['ignored'])}")
    if answer["error_file"]:
        click.echo(f"What there is to say about rows: {answer['error_file']}")


def _propose(noun: str, file: Path, mapping_file: Path | None) -> None:
    """Write the mapping that names and values speak for. At a terminal each open question is asked, the nearest answer first; else it is printed."""
    from tasuki.core.imports import evidence, mapping, questions, sets
    from tasuki.core.imports.nouns import noun_named
    from tasuki.core.imports.tables import Said

    if mapping_file is not None and mapping_file.exists():
        raise click.ClickException(f"{mapping_file} is there already, and may hold what somebody decided. Name another file, or remove it first.")
    seen = evidence.look(file, Said())
    said, of = sets.proposed(noun, seen, Said()), noun_named(noun)
    known = {name: of.known_values(name) for name in said.columns} if of.known_values else {}
    is_asked = _is_at_terminal()
    for question in questions.asked(of, said, seen, known=known):
        if is_asked:
            said = questions.answered(said, question, _ask(question))
        else:
            proposed = f" (proposed: {question.suggested})" if question.suggested else ""
            click.echo(f"{question.field}: {question.text}{proposed}", err=True)
    if mapping_file is None:
        click.echo(mapping.write(said), nl=False)
    else:
        mapping_file.write_text(mapping.write(said), encoding="utf-8")
        click.echo(f"The mapping is in {mapping_file}. Look at it, then import with --mapping.")


def _is_at_terminal() -> bool:
    return Console(stderr=True).is_terminal


def _ask(question: Question) -> str:
    """One of the answers; empty when it is left open."""
    click.echo(f"{question.field}: {question.text}", err=True)
    answers = [answer for answer, _words in question.answers]
    for at, (_, words) in enumerate(question.answers, start=1):
        click.echo(f"  {at}  {words}", err=True)
    first = answers.index(question.suggested) + 1 if question.suggested in answers else 0
    nth: int = click.prompt("Number, or 0 to leave it open", type=click.IntRange(0, len(answers)), default=first, err=True)
    return answers[nth - 1] if nth else ""


def _imported(noun: str, file: Path, mapping_file: Path, *, dry: bool) -> ImportRun:
    from django.utils.timezone import now

    from tasuki.core.audit import By, Door
    from tasuki.core.imports import mapping, running
    from tasuki.core.imports.nouns import noun_named

    try:
        read = mapping.read(mapping_file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise click.ClickException(f"There is no file {mapping_file}.") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{mapping_file} is not UTF-8 text.") from None
    noun_named(noun)
    if read.noun and read.noun != noun:
        raise click.ClickException(f"The mapping is for {read.noun}, not for {noun}.")
    said = mapping.from_json({**read.as_json(), "noun": noun})
    with file.open("rb") as rows:
        return _done(running.start(rows, name=file.name, mapping=said, by=By(None, Door.COMMAND), at=now(), dry=dry))


def _done(run: ImportRun) -> ImportRun:
    from django.db import InterfaceError, OperationalError
    from django.utils.timezone import now

    from tasuki.core.imports import running

    with Progress(console=Console(stderr=True), disable=not Console(stderr=True).is_terminal) as bar:
        task = bar.add_task(run.file_name, total=run.n_rows, completed=run.n_applied)
        try:
            return running.run(run, at=now(), progress=lambda done: bar.update(task, completed=done.n_applied))
        except (OperationalError, InterfaceError):
            raise click.ClickException(f"The database went away in the middle. Go on with: tasuki import --resume {run.pk}") from None


def _undone(number: int) -> ImportRun:
    from django.utils.timezone import now

    from tasuki.core.audit import By, Door
    from tasuki.core.imports import running

    return running.undo(_run_numbered(number), by=By(None, Door.COMMAND), at=now())


def _going_on(number: int) -> ImportRun:
    """The run, be it that it fell or that somebody stopped it."""
    from django.utils.timezone import now

    from tasuki.core.audit import By, Door
    from tasuki.core.imports import stopping
    from tasuki.core.imports.runs import RunState

    run = _run_numbered(number)
    return stopping.go_on(run, by=By(None, Door.COMMAND), at=now()) if run.state == RunState.STOPPED else run


def _run_numbered(number: int) -> ImportRun:
    from tasuki.core.imports.runs import ImportRun

    run = ImportRun.objects.filter(pk=number).first()
    if run is None:
        raise click.ClickException(f"There is no import {number}.")
    return run


def _answer(run: ImportRun) -> dict[str, Any]:
    from tasuki.core import home
    from tasuki.core.imports import errors

    error_file = errors.write_beside(run, home.path() / "import-errors")
    return {
        "rows": run.n_rows,
        "created": run.n_created,
        "updated": run.n_updated,
        "skipped": run.n_skipped,
        "rejected": run.n_rejected,
        "warnings": run.n_warnings,
        "error_file": str(error_file) if error_file else None,
        "run": run.pk,
        "state": run.state,
        "options": run.mapping["options"],
        **run.read_as,
    }
