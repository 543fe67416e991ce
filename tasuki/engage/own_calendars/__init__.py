"""Own calendars: each person connects theirs (CalDAV, RFC 4791). When they are busy in it nobody books them, and our meetings stand in it.

Of what stands in a calendar only the times are kept, nothing of what they are for. A meeting is written once, is changed where it stands, and is
taken out again when it does not take place; what its owner changes there themselves is never overwritten without asking.
"""
