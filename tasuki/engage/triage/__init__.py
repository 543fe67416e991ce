"""Triage: what an answer is, proposed by rules that anybody can read, and said by a person.

`phrases` are what each language says, as data; `classifying` proposes by them; `rows` keep what is proposed and said; `deciding` says it.
"""
