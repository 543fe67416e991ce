"""Lead scoring: how well a lead fits, and how warm it is; two numbers that are never added up, and a grade of a letter and a digit.

`happenings` says what on a timeline counts, `versions` holds the rules and publishes them, `analytics.forward_decay` has the arithmetic of forgetting,
`computing` works all of it out for many leads in one statement, `measuring` counts what the organisation's own past says of each grade,
`scores` keeps the result current, and `trials` tells what a draft would change. docs/scoring.md has the formulas and their sources.
"""
