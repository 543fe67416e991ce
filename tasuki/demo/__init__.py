"""The simulator: a whole invented company with eighteen months behind it, for trials, tests and measurements.

Haneul TS (하늘TS) makes trading systems in Seoul and sells them to securities firms, asset managers and exchanges.
The same seed and the same last moment give the same rows. `journeys` lives the passes, `rows` writes them as the verbs
would have, `load` puts them into the database chunk by chunk; `cast` hires the people through the verbs themselves.
"""
