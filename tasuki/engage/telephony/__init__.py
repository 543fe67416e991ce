"""Telephony: what makes the telephone ring. By hand, by a link that the computer's own telephone opens, or by a system that is asked over HTTP.

`current()` is the adapter that the settings name. A call is written before it is dialled, so that a system that fails loses none.
"""

from tasuki.engage.telephony.adapters import Adapter, TelephoneFailed
from tasuki.engage.telephony.dialling import dial, hang_up, heard, of_system, recorded
from tasuki.engage.telephony.systems import current

__all__ = ["Adapter", "TelephoneFailed", "current", "dial", "hang_up", "heard", "of_system", "recorded"]
