"""Relay: what makes four legs one system. Flows, balances, seams and recycling, counted from the ledger.

Its words: inflow, outflow, balance, conversion in period and cohort form, maturity, hand-off, bottleneck.
Its verbs: count (the KPIs), draw (the relay).
"""
