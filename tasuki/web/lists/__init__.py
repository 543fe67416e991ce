"""The list, one for every noun: what a noun says of itself (`spec`), what an address says (`state`), the filter as a sentence that can be
changed clause by clause (`sentence`, `editing`), pages by keyset (`paging`), and all of it together (`page`).

Every state of a list is an address. Nothing of it needs script.
"""
