"""Imports: any table of rows becomes records, set-based, with a dry run, an error file, and an undo of the whole.

A run stages every row of the file (COPY), then applies the staged rows in chunks, each chunk one transaction that also
marks its rows. Whatever is killed, the next attempt goes on from the first chunk that is not marked: no row twice, none lost.
A noun that can be imported says how in its own module and is named in settings (`IMPORTABLE_NOUNS`).
"""
