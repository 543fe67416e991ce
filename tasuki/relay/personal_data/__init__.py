"""What the law lets a person ask for: what we hold about them in one file, and that it is erased.

`reach` finds everything that is theirs by walking the models, so that a new table is never forgotten. `disclosures` hands it out,
`telling` says in words what a row holds, and `archive` packs it while it is read.
"""
