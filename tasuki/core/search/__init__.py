"""Search: any record by one or more characters of any script, through an index of our own: see docs/search.md.

`folding` says what a text is searched as, `entries` holds the index, `indexing` keeps it in step, `matching` asks it, `finding`
answers a person with the rows that they may see, `narrowing` keeps those of a list that hold the words. A noun that can be found
says how in its own module and is named in settings (`SEARCHABLE_NOUNS`).
"""
