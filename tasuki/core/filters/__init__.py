"""The filter language: one way to say which rows are meant, for lists, saved views, segments, routing, the API and reports.

A filter is a text that a person could read and an address can hold:

    stage:is(ready, working), any(source:is("web form"), owner:is(me)), none(opened:older_than(90 days))

`sentences` reads and writes the text, `fields` says what a noun can be asked, `binding` checks a text against those fields and turns its
words into typed values, `compiling` makes a condition for PostgreSQL of it, and `evaluating` answers for one row in plain Python. The last
two must always agree; a property test holds them to it. Its grammar and operators are in docs/filters.md.
"""
