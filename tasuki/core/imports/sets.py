"""Import sets: several files brought in together. Each is looked at, given a mapping by a person, rehearsed with the others, and run in the right order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.custom_fields import definitions
from tasuki.core.errors import Refused
from tasuki.core.imports import custom_values, evidence, fields, own_exports, proposing, questions, reading, running
from tasuki.core.imports.evidence import Evidence
from tasuki.core.imports.mapping import Column, Mapping, from_json
from tasuki.core.imports.nouns import noun_named
from tasuki.core.imports.questions import Question
from tasuki.core.imports.runs import DuplicatePolicy, ImportRun, RunState
from tasuki.core.imports.tables import FileRefused, Said

if TYPE_CHECKING:
    from tasuki.core.people import User

MOST_FILES = 20
# Each is opened and looked at while somebody waits.
MOST_SHEETS = 50
# What others refer to comes before what refers to it.
_ORDER = ("products", "product_points", "accounts", "contacts", "leads", "opportunities")


class SetRefused(Refused):
    code = "import_set_refused"


class ImportSets(models.QuerySet["ImportSet"]):
    def visible_to(self, user: User) -> ImportSets:
        return self if abilities.can(user, abilities.Ability.IMPORT_DATA) else self.none()


class ImportSet(models.Model):
    """Files that came in together."""

    started_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("started by"))
    created_at = models.DateTimeField(_("started"))
    left_out = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))  # sheets and tables, where there were more than `MOST_FILES`
    n_taken_back = models.PositiveSmallIntegerField(default=0)  # files, while the set is being undone

    objects = ImportSets.as_manager()

    class Meta:
        verbose_name = _("import set")
        verbose_name_plural = _("import sets")

    def __str__(self) -> str:
        return f"import set {self.pk}"


class ImportFiles(models.QuerySet["ImportFile"]):
    def visible_to(self, user: User) -> ImportFiles:
        return self if abilities.can(user, abilities.Ability.IMPORT_DATA) else self.none()


class ImportFile(models.Model):
    """One file of a set with its mapping as far as it was decided. `is_decided` says that a person has looked at it."""

    of = models.ForeignKey(ImportSet, models.CASCADE, related_name="files")
    noun = models.CharField(_("noun"), max_length=32)
    file_name = models.CharField(_("file"), max_length=255)
    stored_as = models.CharField(max_length=255)
    mapping = models.JSONField(_("mapping"))
    is_decided = models.BooleanField(_("decided"), default=False)
    rehearsal = models.ForeignKey(ImportRun, models.SET_NULL, null=True, related_name="+", verbose_name=_("dry run"))
    run = models.ForeignKey(ImportRun, models.SET_NULL, null=True, related_name="+", verbose_name=_("import"))

    objects = ImportFiles.as_manager()

    class Meta:
        verbose_name = _("file of an import")
        verbose_name_plural = _("files of an import")

    def __str__(self) -> str:
        return self.file_name

    @property
    def path(self) -> Path:
        return Path(default_storage.path(self.stored_as))

    @property
    def as_mapping(self) -> Mapping:
        return from_json(self.mapping)


class SavedMappings(models.QuerySet["SavedMapping"]):
    def visible_to(self, user: User) -> SavedMappings:
        return self if abilities.can(user, abilities.Ability.IMPORT_DATA) else self.none()


class SavedMapping(models.Model):
    """A mapping under a name, to be used again for files with the same columns."""

    name = models.CharField(_("name"), max_length=80)
    noun = models.CharField(_("noun"), max_length=32)
    mapping = models.JSONField(_("mapping"))
    saved_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("saved by"))
    saved_at = models.DateTimeField(_("saved"))

    objects = SavedMappings.as_manager()

    class Meta:
        verbose_name = _("saved mapping")
        verbose_name_plural = _("saved mappings")
        constraints = [models.UniqueConstraint(fields=["noun", "name"], name="saved_mapping_once")]

    def __str__(self) -> str:
        return self.name


def bring(files: Sequence[tuple[IO[bytes], str]], *, by: By, at: datetime) -> ImportSet:
    """Keep the files, look at each, and propose what its rows are and how they are mapped. Raises Refused with the name of a file that is no table."""
    if not files or len(files) > MOST_FILES:
        raise SetRefused(_("Bring between 1 and %(n)s files at a time.") % {"n": MOST_FILES})
    with ExitStack() as orphans:
        stored = [(_stored(file, orphans), name[-255:]) for file, name in files]
        with transaction.atomic():
            made = ImportSet.objects.create(started_by=by.actor, created_at=at)
            audit.record(made, action="bring", by=by, at=at, changes={"files": (None, [name for _stored_as, name in stored])})
            for stored_as, name in stored:
                _add(made, stored_as, name=name, orphans=orphans)
            ImportSet.objects.filter(pk=made.pk).update(left_out=made.left_out)
        orphans.pop_all()
    return made


def _stored(file: IO[bytes], orphans: ExitStack) -> str:
    """Where the storage keeps the file now; it goes again with the orphans, unless its set comes into being."""
    stored_as = default_storage.save("imports/upload", File(file))
    orphans.callback(default_storage.delete, stored_as)
    return stored_as


def _add(made: ImportSet, stored_as: str, *, name: str, orphans: ExitStack) -> None:
    try:
        seen = evidence.look(Path(default_storage.path(stored_as)), Said())
    except FileRefused as refusal:
        raise SetRefused(f"{name}: {refusal}") from None
    if len(seen.read_as.sheets) > MOST_SHEETS:
        words = {"n": len(seen.read_as.sheets), "most": MOST_SHEETS}
        raise SetRefused(f"{name}: {_('The workbook has %(n)s sheets; at most %(most)s can be looked at.') % words}")
    _put(made, stored_as, name=name, seen=seen, said=Said())
    parts = _parts(seen)
    for nth, (said, own) in enumerate(parts):
        if made.files.count() >= MOST_FILES:
            made.left_out += [f"{name} · {unseen}" for _said, unseen in parts[nth:]]
            break
        try:
            part = evidence.look(Path(default_storage.path(stored_as)), said)
        except FileRefused:
            # A sheet without a table, such as a cover or a chart.
            continue
        if part.n_rows:
            with default_storage.open(stored_as) as file:
                _put(made, _stored(file, orphans), name=f"{name} · {own}"[-255:], seen=part, said=said)


def _parts(seen: Evidence) -> list[tuple[Said, str]]:
    """The other sheets of a workbook and the other tables of the sheet, each with what it is called: they become files of their own."""
    here = seen.read_as.sheet
    sheets = [(Said(sheet=sheet), sheet) for sheet in seen.read_as.sheets if sheet != here]
    return [*((Said(sheet=here, header_row=row), str(_("row %(row)s") % {"row": row})) for row, _names in seen.others), *sheets]


def _put(made: ImportSet, stored_as: str, *, name: str, seen: Evidence, said: Said) -> None:
    # The sheet is said, so that it stays the same one however the file is read.
    said = replace(said, sheet=seen.read_as.sheet)
    noun = proposing.noun_of(seen.header, f"{said.sheet} {name}" if len(seen.read_as.sheets) > 1 else name)
    ImportFile.objects.create(of=made, noun=noun, file_name=name, stored_as=stored_as, mapping=proposed(noun, seen, said).as_json())


def proposed(noun_name: str, seen: Evidence, said: Said) -> Mapping:
    """The mapping that names and values speak for, with what the values decide beyond doubt."""
    noun = noun_named(noun_name)
    columns = {}
    for one in proposing.propose(noun, seen):
        columns[one.field] = column_of(noun_name, one.field, one.column, seen=seen)
    mapping = Mapping(
        noun=noun_name,
        columns=columns,
        key=next((key for key in reversed(noun.keys) if key in columns), ""),
        on_duplicate=(DuplicatePolicy.UPDATE if own_exports.FIELD in columns else DuplicatePolicy.SKIP).value,
        encoding=said.encoding,
        delimiter=said.delimiter,
        quote=said.quote,
        escape=said.escape,
        header_row=said.header_row,
        sheet=said.sheet,
        is_one_table=said.is_one_table,
    )
    named = questions.currency_of(mapping, seen)
    return (
        replace(mapping, columns={**columns, "currency": Column(constant=named)})
        if named and "currency" in noun.fields and "currency" not in columns
        else mapping
    )


def column_of(noun_name: str, field: str, column: str, *, seen: Evidence) -> Column:
    """A column for a field, with what its values decide beyond doubt."""
    plain = Column(column=column)
    parse = noun_named(noun_name).fields[field].parse
    if own_exports.noun_of(seen.header) == noun_name:
        # We write a point before a fraction, and the currency of an amount behind it.
        currency = own_exports.currency_behind(column, seen) if isinstance(parse, fields.ReadsMoney) else ""
        return replace(plain, decimal="." if isinstance(parse, fields.ReadsNumber) or parse in (fields.amount, fields.price) else "", currency=currency)
    settled = questions.settled(plain, noun_named(noun_name).fields[field], seen.columns[column])
    return replace(plain, format=settled.get("format", ""), decimal=settled.get("decimal", ""))


def look(file: ImportFile) -> Evidence:
    return evidence.look(file.path, stored_mapping(file).said)


def open_questions(file: ImportFile, seen: Evidence) -> list[Question]:
    """What the mapping of the file leaves open. Products that stand in another file of the set are known here."""
    mapping = stored_mapping(file)
    noun = noun_named(file.noun)
    known = {name: noun.known_values(name) for name in mapping.columns} if noun.known_values else {}
    if "product" in mapping.columns:
        for other in file.of.files.filter(noun="products").exclude(pk=file.pk):
            column = stored_mapping(other).columns.get("name")
            known.setdefault("product", []).extend(look(other).columns[column.column].values if column and column.column else [])
    return questions.asked(noun, mapping, seen, known=known)


def stored_mapping(file: ImportFile) -> Mapping:
    """The mapping as far as it was decided; it may name no columns yet."""
    stored = file.mapping
    return replace(from_json({**stored, "columns": stored.get("columns") or {"-": "-"}}), columns={}) if not stored.get("columns") else from_json(stored)


@transaction.atomic
def decide(file: ImportFile, *, mapping: Mapping, by: By, at: datetime) -> ImportFile:
    """Keep what a person decided about a file. Raises Refused when the mapping and the file do not fit each other, or when it runs already."""
    refuse_if_run(file)
    with reading.opened(file.path, mapping.said) as table:
        noun_named(mapping.noun).check(mapping, table.header)
    before = file.mapping
    file.noun, file.mapping, file.is_decided, file.rehearsal = mapping.noun, mapping.as_json(), True, None
    ImportFile.objects.filter(pk=file.pk).update(noun=file.noun, mapping=file.mapping, is_decided=True, rehearsal=None)
    audit.record(file.of, action="decide", by=by, at=at, changes={file.file_name: (before, file.mapping)})
    return file


def read_anew(file: ImportFile, *, noun: str, said: Said, by: By, at: datetime) -> ImportFile:
    """Read the file in another way, or as another noun, and propose a mapping anew. Raises Refused."""
    refuse_if_run(file)
    seen = evidence.look(file.path, said)
    file.noun, file.mapping, file.is_decided = noun_named(noun).name, proposed(noun, seen, said).as_json(), False
    ImportFile.objects.filter(pk=file.pk).update(noun=file.noun, mapping=file.mapping, is_decided=False, rehearsal=None)
    file.decisions.all().delete()  # its rows may have other numbers now
    audit.record(file.of, action="read_anew", by=by, at=at, changes={file.file_name: (None, file.noun)})
    return file


def without_lost(mapping: Mapping, *, noun: str) -> tuple[Mapping, list[str]]:
    """A mapping that was saved, without the custom fields that were archived since; and what those are called."""
    fields = noun_named(mapping.noun or noun).fields
    lost = [name for name in mapping.columns if name.startswith(custom_values.PREFIX) and name not in fields]
    names = definitions.names(lost)
    return replace(mapping, columns={name: column for name, column in mapping.columns.items() if name not in lost}), [names.get(name, name) for name in lost]


def keep_mapping(file: ImportFile, *, name: str, by: By, at: datetime) -> SavedMapping:
    """Save the file's mapping under a name; one of that name for the same noun is replaced."""
    name = name.strip()
    if not name or len(name) > 80:
        raise SetRefused(_("Give the mapping a name of at most %(n)s characters.") % {"n": 80})
    saved, _is_new = SavedMapping.objects.update_or_create(noun=file.noun, name=name, defaults={"mapping": file.mapping, "saved_by": by.actor, "saved_at": at})
    audit.record(saved, action="save", by=by, at=at)
    return saved


def in_order(made: ImportSet) -> list[ImportFile]:
    """The files in the order in which they run: what others refer to comes first."""
    files = list(made.files.select_related("run", "rehearsal", "of").order_by("pk"))
    return sorted(files, key=lambda file: (_ORDER.index(file.noun) if file.noun in _ORDER else len(_ORDER), file.pk))


def rehearse(made: ImportSet, *, by: By, at: datetime) -> list[ImportRun]:
    """Note dry runs of all files, which see each other. Raises Refused while something is open. The job that does them is `rehearse_set`."""
    files = _ready(made)
    runs = []
    with transaction.atomic():
        for file in files:
            run = running.note(file.stored_as, name=file.file_name, mapping=file.as_mapping, by=by, at=at, dry=True)
            ImportFile.objects.filter(pk=file.pk).update(rehearsal=run)
            runs.append(run)
    return runs


def start(made: ImportSet, *, by: By, at: datetime) -> list[ImportRun]:
    """Note the runs of all files. Raises Refused while something is open. The job that does them is `run_set`."""
    files = _ready(made)
    runs = []
    with transaction.atomic():
        ImportSet.objects.select_for_update().get(pk=made.pk)
        for file in files:
            refuse_if_run(ImportFile.objects.get(pk=file.pk))
            run = running.note(file.stored_as, name=file.file_name, mapping=file.as_mapping, by=by, at=at)
            ImportFile.objects.filter(pk=file.pk).update(run=run)
            runs.append(run)
    return runs


@transaction.atomic
def remove(file: ImportFile, *, by: By, at: datetime) -> None:
    """Take a file out of its set before it was run; a set without files goes too."""
    refuse_if_run(file)
    made = file.of
    audit.record(made, action="remove_file", by=by, at=at, changes={"file": (file.file_name, None)})
    file.delete()
    transaction.on_commit(lambda: default_storage.delete(file.stored_as))
    if not made.files.exists():
        made.delete()


def run_all(made: ImportSet, *, at: datetime) -> None:
    """Do the runs in their order; one that is refused or stopped stops those behind it, which would miss what they refer to."""
    for file in in_order(made):
        if file.run and file.run.state in (RunState.WAITING, RunState.RUNNING, RunState.STOPPED) and running.run(file.run, at=at).state == RunState.STOPPED:
            return


def go_on_later(run: ImportRun) -> None:
    """Hand the rest of a run to a worker, with the files behind it in its set."""
    file = ImportFile.objects.filter(run=run).first()
    if file:
        run_set.defer(set_id=file.of_id)
    else:
        running.run_import.defer(run_id=run.pk)


@jobs.task(name="run_set", retry=RetryStrategy(max_attempts=5, exponential_wait=4, retry_exceptions=running.PASSING))
def run_set(set_id: int) -> None:
    """The runs of a set as a job: after a worker was killed, the next one goes on where it stopped."""
    with suppress(Refused):
        run_all(ImportSet.objects.get(pk=set_id), at=timezone.now())  # the clock of a job


@jobs.task(name="rehearse_set", retry=RetryStrategy(max_attempts=3, exponential_wait=4, retry_exceptions=running.PASSING))
def rehearse_set(set_id: int) -> None:
    """The dry runs of a set as a job."""
    runs = [file.rehearsal for file in in_order(ImportSet.objects.get(pk=set_id)) if file.rehearsal]
    if runs:
        running.rehearse_together(runs, at=timezone.now())  # the clock of a job


def _ready(made: ImportSet) -> list[ImportFile]:
    files = in_order(made)
    for file in files:
        refuse_if_run(file)
        if not file.is_decided:
            raise SetRefused(_("Look at the mapping of “%(name)s” first.") % {"name": file.file_name[:80]})
    return files


def refuse_if_run(file: ImportFile) -> None:
    if file.run_id is not None:
        raise SetRefused(_("“%(name)s” has been imported already.") % {"name": file.file_name[:80]})
