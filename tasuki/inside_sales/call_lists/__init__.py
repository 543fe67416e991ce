"""Tomorrow's list: whom each inside seller calls on a day, in which order, and why.

`rules` says how many calls fit into a day and whom the conditions mean, `buckets` where the rows come from, `building` makes the lists of all
sellers in one statement, `lists` holds what is done with one, `keeping` proposes and freezes them by the clock of each seller, and
`adherence` compares a day with its plan. docs/call-lists.md tells it whole.
"""
