"""Imports: any table of rows becomes records, set-based, with a dry run, an error file, and an undo of the whole.

A run reads its file in chunks. A chunk is parsed, checked, and written in one transaction that also notes what became of
each row and how far the run has come. Whatever is killed, the next attempt goes on behind the last committed chunk: no
row twice, none lost. A noun that can be imported says how in its own module and is named in settings (`IMPORTABLE_NOUNS`).
"""
