"""Changing some fields of a record, given what the person saw there: two people who edit at once never write over each other unknowingly.

`nouns` is what a noun says of its fields, `writing` the verb for all of them, built-in and custom, `bulk` the same for many. Each noun's
own verb (`records.change_account`, …) holds its rules; `tasuki.core.meanwhile` tells it what was seen and who was faster.
"""
