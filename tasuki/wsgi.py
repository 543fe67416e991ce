"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")

application = get_wsgi_application()
# All views are read now, and what is read stays: the collector would walk through it again and again, a tenth of a second each time.
reverse("home")
gc.collect()
gc.freeze()
# Nearly all that a page makes is gone with the page: the collector need not look again after each few hundred things.
gc.set_threshold(5_000)
