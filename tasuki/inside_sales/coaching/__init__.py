"""Coaching: calls are heard by a sample that nobody picks, scored with evidence, talked about where they were weak, and praised where they were good.

Words: a *sample* is what the draw of a week chose; a *review* is a score for each criterion of a *scorecard* with its evidence; a *card* leads
through show, explain, let do and praise; *praise* names a deed. Nobody is ranked by any of it. See docs/coaching.md.
"""
