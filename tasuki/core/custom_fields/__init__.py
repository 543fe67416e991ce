"""Custom fields: what an organisation wants to know of its leads, accounts, contacts and opportunities beyond what we know to ask.

A field is a row (`definitions`), changed by verbs (`defining`) and read with every page, so no process keeps an old one. Values stand in
the column `custom` of the record, by the field's slot, each encoded by its kind (`values`), and are written by one verb (`writing`).
`filtering` makes a field one that the filter language knows; `indexing` gives it an index of its own, built while people work.
"""
