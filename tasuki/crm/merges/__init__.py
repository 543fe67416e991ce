"""Merging records of one noun, and taking a merge back: the parts of `tasuki.crm.merging`.

`rows` holds what the database keeps of a merge, `journal` writes down each step and walks them back, `relations` knows everything that
points at a record, `choosing` which value stays, `reach` the addresses, numbers and consents of a person, `passes` their open leads.
"""
