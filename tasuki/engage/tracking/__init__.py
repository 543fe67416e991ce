"""Tracking: whether a letter was opened and its links were followed, where the house has said that it wants to know.

`rows` keep it, `marking` puts the marks into a letter, `hits` take what comes, `judging` tells people from programs a little later.
"""
