"""Inside sales: the leg that turns leads into meetings. Routing gives each lead to somebody, a list says whom to call and why, the desk
is where it is done, the hand-off (in `relay`) carries what was learned to field sales, and recycling keeps what is not ready.
"""
