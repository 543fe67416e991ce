"""The index: one entry for each record that has words of its own, and the changes that it does not know yet."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class SearchEntry(models.Model):
    """What one record is searched as.

    `words` are its folded titles and other texts, one a line; `hidden` those of fields that not everybody may see. `keys` are the
    keys of their grams, which the index finds it by; what is found is always compared with the words.
    """

    pk = models.CompositePrimaryKey("noun", "record_id")
    noun = models.CharField(max_length=16)
    record_id = models.BigIntegerField()
    # The account of a contact, so that words of both together find the contact.
    belongs_to = models.BigIntegerField(null=True)
    words = models.TextField()
    hidden = models.TextField(blank=True)
    keys = ArrayField(models.IntegerField())

    class Meta:
        indexes = [
            GinIndex(fields=["keys"], name="search_by_key"),
            models.Index(fields=["noun", "belongs_to"], name="search_by_whose", condition=models.Q(belongs_to__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.record_id}"


class SearchTogether(models.Model):
    """The keys of what a record and the records that it belongs to hold together: a person and their company.

    Of words that very many hold, it names those that stand in both at once, where the records that hold each would have to be counted out. It may
    name too much: what it names is compared with the words of both.
    """

    pk = models.CompositePrimaryKey("noun", "record_id")
    noun = models.CharField(max_length=16)
    record_id = models.BigIntegerField()
    keys = ArrayField(models.IntegerField())

    class Meta:
        indexes = [GinIndex(fields=["keys"], name="search_together_by_key")]

    def __str__(self) -> str:
        return f"{self.noun} {self.record_id}"


class SearchChange(models.Model):
    """Records that were written and not read into the index since: noted by triggers, one row for each statement that wrote.

    `is_of_owners`: not they were, but what they hold together with those that they belong to.
    """

    noun = models.CharField(max_length=16)
    record_ids = ArrayField(models.BigIntegerField())
    n_records = models.PositiveIntegerField()
    is_of_owners = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"{self.noun}: {self.n_records}"
