"""Sequences: whom we reach, by which steps, in which rhythm, until they answer.

A sequence has versions; one is published, one may be a draft, and whoever is in an old one finishes that. A member goes from step to step
in business days of their own calendar. What the machine does (mail, waiting, branching) it does when it is due; what people do waits for
them on their day. A step is a row, once for each member: it happens once. Whoever answers, books, opts out, bounces or moves on leaves at
once, by all channels. Words: sequence, version, step, variant; enrolment (a member's way through), deed (a step of it).

Verbs: `writing` (sequences and steps), `enrolling`, `leaving` (pause, resume, stop), `acting` (do, finish, pass over), `sweeping` (what is due).
"""
