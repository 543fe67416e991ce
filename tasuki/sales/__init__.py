"""Sales: field and outbound sales turn meetings into orders.

An opportunity is the sales face of one lead: it opens when a meeting is accepted (P1) and closes won or lost.
Its words: opportunity, phase (P1 to P4), amount, expected close date, won, lost.
Its verbs: accept, advance, win, lose, recycle.
"""
