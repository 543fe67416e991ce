"""Changing what is known of a record on its page or in a list: which fields there are (`fields`), the address of one (`page`) and its
undo (`undoing`). The forms say what was seen: see `tasuki.web.record_form`. Without script they are pages of their own.
"""
