"""One verb for many records: a run, its rows, what became of each, and the way back where the verb has one.

`verbs` is what a noun says about a verb that can be done to many, `runs` the rows, `running` the doing: batch by batch, each record in a
savepoint of its own, so that one refusal stops nobody else and a killed worker loses nothing.
"""
