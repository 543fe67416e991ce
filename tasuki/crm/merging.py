"""Merging accounts, contacts or leads that are one, and undoing it: nothing is lost, and everything can go back to where it came from.

Everything that points at a merged record points at the survivor afterwards; the record itself is gone from its table, so that no list,
count or search has to leave it out. Each step is written down (see `merges.journal`), and `undo` walks the steps back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, bus
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, model_of, seen_by
from tasuki.core.errors import Refused
from tasuki.core.imports.copying import execute
from tasuki.crm import barred, duplicate_groups, following, notifications
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tasuki.crm.lead_refusals import CannotMerge
from tasuki.crm.leads import Lead
from tasuki.crm.merges import choosing, passes, reach, relations
from tasuki.crm.merges.choosing import Choice
from tasuki.crm.merges.journal import Journal, hold_merges
from tasuki.crm.merges.rows import FormerRecord, Merge
from tasuki.crm.notifications import Happening
from tasuki.crm.ownership import Ownership
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.core.people import User

MOST = 20
_FOREIGN_KEY = "23503"

Record = Account | Contact | Lead


class OneOfThemChanged(Refused):
    code = "one_of_them_changed"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("Somebody changed one of them meanwhile. Look at them again, then merge."))


class NotThere(Refused):
    """Gone, or not to be seen: in the same words."""

    code = "not_there"

    def __init__(self) -> None:
        super().__init__(_("One of them is not there any more, or is not yours to see."))


@dataclass(frozen=True)
class BecomeOne:
    """Said on the bus: these people are one, and what stands with each of them is about to stand with the first."""

    contact_ids: tuple[int, ...]
    by: By
    at: datetime


@transaction.atomic
def merge(
    survivor: Record, *, others: Sequence[Record], by: By, at: datetime, chosen: Mapping[str, int] | None = None, seen: Mapping[int, datetime] | None = None
) -> Merge:
    """Make one record of several. `chosen` names, by the key of a field, the record whose value stays; where it is silent the rule decides
    (see `choosing.proposed`). `seen` is when each was last changed as the person saw it.

    Raises Forbidden, CannotMerge, NotThere, OneOfThemChanged; for contacts TwoDeals, for leads LeadInSales; ErasedPerson, LeftBeforeEntered.
    """
    if by.actor:
        abilities.require(by.actor, Ability.MERGE_RECORDS)
    everybody = _locked([survivor, *others], by=by, seen=seen or {})
    for one in everybody:
        if isinstance(one, Contact):
            barred.refuse_erased(one)
    survivor, *others = everybody
    noun = survivor.noun
    picks = _picks(everybody, chosen or {}, by=by)
    names = {str(record.pk): str(record)[:200] for record in everybody}
    made = Merge.objects.create(
        of=noun,
        survivor_id=survivor.pk,
        other_ids=[one.pk for one in others],
        names=names,
        last_ids=relations.last_ids(type(survivor)),
        merged_by=by.actor,
        merged_at=at,
    )
    cause = audit.record(made, action="add", by=by, at=at, changes={"of": (None, noun), "survivor_id": (None, survivor.pk)})
    journal = Journal(made, cause=cause)
    try:
        with transaction.atomic():
            changes = _carry_over(journal, survivor, others, picks=picks, by=by, at=at)
            # The database looks now whether everything that points at something finds it.
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as refusal:
        if getattr(refusal.__cause__, "sqlstate", "") != _FOREIGN_KEY:
            raise
        raise OneOfThemChanged from None  # somebody wrote about one of the others, and was faster
    _tell(made, survivor, others, changes=changes, by=by, at=at)
    duplicate_groups.settle_merged(made, by=by, at=at)
    return made


def _tell(merge: Merge, survivor: Any, others: Sequence[Any], *, changes: audit.Changes, by: By, at: datetime) -> None:
    """The trail of each record."""
    word = "merged" if isinstance(survivor, Lead) else "former"
    audit.record(survivor, action="merge", by=by, at=at, changes={**changes, word: (None, merge.other_names)})
    for one, name in zip(others, merge.other_names, strict=True):
        audit.record(one, action="merged", by=by, at=at, changes={word: (name, merge.survivor_name)})


def fields_of(noun: str, *, reader: User | None) -> list[Choice]:
    """What can be chosen when records of the noun are merged; only what the reader sees. Nobody is asked about archived fields."""
    if reader is None:
        return choosing.choices(noun, _custom_fields(noun))
    hidden = abilities.standing_of(reader).hides(noun)
    return [choice for choice in choosing.choices(noun, seen_by(reader, noun)) if choice.hidden_as not in hidden]


def _locked(records: Sequence[Record], *, by: By, seen: Mapping[int, datetime]) -> list[Any]:
    """The records as they are now, the survivor first, held in the order of their ids until the end of the transaction."""
    model, ids = type(records[0]), [record.pk for record in records]
    if any(type(record) is not model for record in records):
        raise CannotMerge(_("Only records of one kind can be merged."))
    if len(set(ids)) != len(ids):
        raise CannotMerge(_("A record cannot be merged with itself."))
    if not 2 <= len(ids) <= MOST:
        raise CannotMerge(_("Choose 2 to %(n)s records to merge.") % {"n": MOST})
    hold_merges()
    rows: Any = model._default_manager.get_queryset()
    # Not the strongest lock: what people write to a lead meanwhile refers to its contact, and would wait for us while we wait for it.
    fresh = {record.pk: record for record in rows.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)}
    visible = rows.visible_to(by.actor).filter(pk__in=ids).count() if by.actor else len(fresh)
    if len(fresh) != len(ids) or visible != len(ids):
        raise NotThere
    if any(fresh[pk].updated_at != seen.get(pk, fresh[pk].updated_at) for pk in ids):
        raise OneOfThemChanged
    return [fresh[pk] for pk in ids]


def _picks(records: Sequence[Any], chosen: Mapping[str, int], *, by: By) -> dict[Choice, Any]:
    """The record whose value stays, for every field, those too that the person does not see. Raises CannotMerge for what cannot be chosen."""
    noun, by_id = records[0].noun, {record.pk: record for record in records}
    offered = {choice.key for choice in fields_of(noun, reader=by.actor)}
    if not chosen.keys() <= offered or not set(chosen.values()) <= by_id.keys():
        raise CannotMerge(_("This value cannot be chosen: the field or the record is not among those that are merged."))
    picks: dict[Choice, Any] = {}
    for choice in choosing.choices(noun, _custom_fields(noun)):
        pick = by_id[chosen[choice.key]] if choice.key in chosen else choosing.proposed(choice, records, survivor=records[0])
        picks[choice] = pick
    return picks


def _custom_fields(noun: str) -> list[CustomField]:
    return list(CustomField.objects.of_noun(noun))


def _carry_over(journal: Journal, survivor: Any, others: Sequence[Any], *, picks: Mapping[Choice, Any], by: By, at: datetime) -> audit.Changes:
    if isinstance(survivor, Lead):
        for one in others:
            passes.end(one, into=survivor, journal=journal, by=by, at=at)
        return _write_values(journal, survivor, _values(picks), at=at)
    ids = [survivor.pk, *(one.pk for one in others)]
    # In the order of their ids, as everybody who moves leads holds them.
    list(Lead.objects.filter(**{f"{survivor.noun}__in": ids}).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    values = _values(picks)
    if isinstance(survivor, Contact):
        _carry_person(journal, survivor, others, picks=picks, by=by, at=at)
    else:
        values["parent_id"] = _parent(values["parent_id"], ids)
        _hand_over(journal, survivor, picks, by=by, at=at)
        _move_subsidiaries(journal, survivor, others)
    for relation in relations.pointing_at(type(survivor)):
        for one in others:
            journal.move(relation, from_id=one.pk, to_id=survivor.pk)
    if isinstance(survivor, Account):
        _move_custom(journal, survivor, others)
        survivor.refresh_from_db(fields=["custom"])
    return _leave_one(journal, survivor, others, values=values, by=by, at=at)


def _carry_person(journal: Journal, survivor: Contact, others: Sequence[Contact], *, picks: Mapping[Choice, Any], by: By, at: datetime) -> None:
    mains = {choice.key: pick.pk for choice, pick in picks.items()}
    passes.close_doubles([survivor.pk, *(one.pk for one in others)], journal=journal, by=by, at=at)
    bus.say(BecomeOne((survivor.pk, *(one.pk for one in others)), by=by, at=at))
    reach.keep_the_stricter(journal, survivor=survivor, others=others, by=by, at=at)
    reach.unite(journal, ContactEmail, key="key", survivor=survivor, others=others, main_of=mains["email"])
    reach.unite(journal, ContactPhone, key="e164", survivor=survivor, others=others, main_of=mains["phone"])


def _values(picks: Mapping[Choice, Any]) -> dict[str, Any]:
    """Column → value for what the record itself holds."""
    columns: dict[str, Any] = {"custom": {}}
    for choice, pick in picks.items():
        if choice.custom:
            if choice.custom.slot in pick.custom:
                columns["custom"][choice.custom.slot] = pick.custom[choice.custom.slot]
        elif choice.key not in ("owner", "email", "phone"):
            columns |= {attribute: getattr(pick, attribute) for attribute in choice.attributes}
    return columns


def _leave_one(journal: Journal, survivor: Any, others: Sequence[Any], *, values: dict[str, Any], by: By, at: datetime) -> audit.Changes:
    """Take the others out of their table, and give the survivor what was chosen."""
    noun, ids = survivor.noun, [one.pk for one in others]
    if isinstance(survivor, Account):  # its custom fields may have named one of the others
        values["custom"] = {slot: survivor.pk if value in ids and _is_account(slot) else value for slot, value in values["custom"].items()}
    FormerRecord.objects.bulk_create(
        FormerRecord(of=noun, former_id=one.pk, reference=one.reference, merge=journal.merge, **{f"{noun}_id": survivor.pk}) for one in others
    )
    journal.remove(type(survivor)._meta.db_table, "id = ANY(%s)", [ids])
    values["reference"] = next((one.reference for one in [survivor, *others] if one.reference), "")
    entry = TimelineEntry.objects.create(
        at=at, kind=Kind.MERGE, actor=by.actor, detail={"merge": journal.merge.pk, "names": journal.merge.other_names}, **{noun: survivor}
    )
    journal.made(TimelineEntry, [entry.pk])
    # Who followed one of the others follows the survivor by now.
    notifications.tell_followers(following.about(survivor), happening=Happening.MERGE, noun=noun, cause=journal.cause, by=by, at=at, entry=entry)
    return _write_values(journal, survivor, values, at=at)


def _write_values(journal: Journal, survivor: Any, values: dict[str, Any], *, at: datetime) -> audit.Changes:
    changes = audit.difference(survivor, {name: value for name, value in values.items() if name not in ("custom", "folded_name")})
    if values["custom"] != survivor.custom:
        slots = sorted(values["custom"].keys() | survivor.custom.keys())
        changes |= {
            f"custom.{slot}": (survivor.custom.get(slot), values["custom"].get(slot))
            for slot in slots
            if survivor.custom.get(slot) != values["custom"].get(slot)
        }
    rows: Any = type(survivor)._default_manager.filter(pk=survivor.pk)
    with journal.watching(type(survivor), [survivor.pk]):
        rows.update(updated_at=at, **values)
    return {name.removesuffix("_id"): change for name, change in changes.items()}


def _hand_over(journal: Journal, survivor: Account, picks: Mapping[Choice, Any], *, by: By, at: datetime) -> None:
    """The survivor's periods of ownership go on, with a new one where another's owner was chosen; the others' stay with the merge."""
    pick = next(pick for choice, pick in picks.items() if choice.key == "owner")
    journal.remove("crm_ownership", "account_id = ANY(%s)", [journal.merge.other_ids])
    if (pick.owner_id, pick.team_id) == (survivor.owner_id, survivor.team_id):
        return
    current = Ownership.objects.select_for_update().get(account=survivor, until_at__isnull=True)
    moment = max(at, current.from_at)
    with journal.watching(Ownership, [current.pk]):
        Ownership.objects.filter(pk=current.pk).update(until_at=moment)
    period = Ownership.objects.create(account=survivor, owner_id=pick.owner_id, team_id=pick.team_id, from_at=moment, given_by=by.actor)
    Account.objects.filter(pk=survivor.pk).update(owner=pick.owner_id, team=pick.team_id)
    journal.handed(
        survivor.pk,
        was={"ownership": current.pk, "owner_id": survivor.owner_id, "team_id": survivor.team_id},
        became={"ownership": period.pk, "owner_id": pick.owner_id, "team_id": pick.team_id},
    )


def _move_subsidiaries(journal: Journal, survivor: Account, others: Sequence[Account]) -> None:
    ids = ", ".join(str(one.pk) for one in [survivor, *others])
    for one in others:
        journal.move_some("crm_account", "parent_id", from_id=one.pk, to_id=survivor.pk, where=f"id NOT IN ({ids})")


def _parent(chosen: int | None, ids: Sequence[int]) -> int | None:
    """The parent that was chosen, unless it is one of the merged or belongs to one of them: then there is none, for it would close a circle."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE up AS (SELECT id, parent_id FROM crm_account WHERE id = %s
                   UNION SELECT above.id, above.parent_id FROM up JOIN crm_account above ON above.id = up.parent_id)
               SELECT EXISTS (SELECT FROM up WHERE id = ANY(%s))""",
            [chosen, list(ids)],
        )
        return None if cursor.fetchone()[0] else chosen


def _move_custom(journal: Journal, survivor: Account, others: Sequence[Account]) -> None:
    """Custom fields of any noun may name an account."""
    for field in CustomField.objects.filter(kind=FieldKind.ACCOUNT).order_by("pk"):
        for one in others:
            journal.move_custom(model_of(field.noun)._meta.db_table, field.slot, from_id=one.pk, to_id=survivor.pk)


def _is_account(slot: str) -> bool:
    return CustomField.objects.filter(kind=FieldKind.ACCOUNT, pk=slot.removeprefix("f")).exists()
