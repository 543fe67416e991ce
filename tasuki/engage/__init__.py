"""Engage: how we reach people, for whichever department: consent and blocks, quiet hours, calls, meetings, mail, sequences.

Nothing here knows a department. What is said and what came of it stands on the timeline of the person, the company and the pass.
"""
