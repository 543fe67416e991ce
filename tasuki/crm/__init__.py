"""CRM: the nouns that all four legs share, and the ledger that every number comes from.

Accounts, contacts, leads (one lead is one pass of a contact through the process), products, tasks, notes, the timeline,
stages with their written definitions, ownership with its history, and the ledger of passages.
Its verbs: capture a lead, advance it, recycle it with a wake rule, lose, disqualify, merge, wake, hand over ownership.
"""
