"""One settings file. What differs between installations comes from the environment; everything else stands here.

TASUKI_HOME       where the embedded database, the secret key and uploaded files live (default: .tasuki beside a clone)
DATABASE_URL      a PostgreSQL server (15 or newer) instead of the embedded one
TASUKI_HOSTS      host names, comma separated, when served beyond this machine
TASUKI_HTTPS      1 when a proxy in front speaks TLS: secure cookies, HSTS
TASUKI_MAIL       the server that takes our mail, and the address it comes from; without it nothing is mailed
TASUKI_SITE       where people reach us: what the links in our mail begin with
TASUKI_SCANNER    the virus scanner that attached files must pass: clamd://… or command:…; without it none is asked
TASUKI_FILE_MB    how large an attached file may be (default: 25)
TASUKI_FILES_GB   how much all attached files may take (default: 20)
"""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONCE

from tasuki.core import home, outgoing_mail, virus_scanner
from tasuki.core.embedded_postgres import database_settings
from tasuki.web.assets import is_immutable

BASE_DIR = Path(__file__).resolve().parent
HOME = home.path()

DEBUG = os.environ.get("TASUKI_DEBUG") == "1"
HTTPS = os.environ.get("TASUKI_HTTPS") == "1"
SECRET_KEY = home.secret_key()
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *filter(None, os.environ.get("TASUKI_HOSTS", "").split(","))]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "procrastinate.contrib.django",
    "tasuki.core",
    "tasuki.crm",
    "tasuki.engage",
    "tasuki.inside_sales",
    "tasuki.sales",
    "tasuki.relay",
    "tasuki.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # adds a random length, so that nobody can guess a token from how well a page compresses
    "tasuki.web.middleware.keep_to_the_reader",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tasuki.web.middleware.refuse_nul_bytes",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tasuki.web.middleware.in_the_language_of_the_user",
    "tasuki.web.middleware.require_sign_in",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tasuki.web.middleware.answer_refusals",
    "tasuki.web.recents.remember_what_was_opened",
]

ROOT_URLCONF = "tasuki.urls"
WSGI_APPLICATION = "tasuki.wsgi.application"
DATABASES = {"default": {**database_settings(), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "core_cache", "OPTIONS": {"MAX_ENTRIES": 50_000}}}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "web" / "templates"],
        "OPTIONS": {"environment": "tasuki.web.jinja.environment", "context_processors": ["tasuki.web.shell.shell"]},
    },
    {
        # Only for the pages that allauth brings.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "web" / "templates_django"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]

# The widgets of forms too are Jinja2: a list with its forms for many rows shows dozens.
FORM_RENDERER = "django.forms.renderers.Jinja2"

# People
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "family_name", "given_name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "tasuki.web.sign_in.Adapter"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_PREVENT_ENUMERATION = True
# Lock-out: five wrong passwords for one address, or fifty from one machine, and the door stays shut for a while.
# A link for a new password: three in a quarter of an hour to one address, whether somebody has it or not.
ACCOUNT_RATE_LIMITS = {"login_failed": "50/15m/ip,5/5m/key", "login": "120/m/ip", "reset_password": "30/h/ip,3/15m/key"}
# Requests reach us from one proxy at most; without a proxy the header is not believed.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if HTTPS else 0
MFA_ADAPTER = "tasuki.web.sign_in.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

# Mail that we send ourselves; nothing of Django or allauth sends any.
MAIL = outgoing_mail.server(os.environ.get("TASUKI_MAIL", ""))
# Servers that people's own mailboxes and calendars may be on though they are inside our network, by name, and an authority of our own that vouches
# for them.
MAIL_HOSTS = frozenset(name.strip().casefold() for name in os.environ.get("TASUKI_MAIL_HOSTS", "").split(",") if name.strip())
CALENDAR_HOSTS = frozenset(name.strip().casefold() for name in os.environ.get("TASUKI_CALENDAR_HOSTS", "").split(",") if name.strip())
MAIL_CA = os.environ.get("TASUKI_MAIL_CA", "")
SITE = os.environ.get("TASUKI_SITE", "http://127.0.0.1:8000")

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ko", "한국어"), ("ja", "日本語")]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Files
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "web" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": HOME / "files", "base_url": None}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = is_immutable
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
# What people attach. A file that a scanner should see is shut until it has; what runs when it is opened is not kept, the rest is only downloaded.
SCANNER = virus_scanner.scanner(os.environ.get("TASUKI_SCANNER", ""))
# What makes the telephone ring: “manual”, “tel”, or “webhook” with an address and a secret.
TELEPHONY = os.environ.get("TASUKI_TELEPHONY", "tel")
TELEPHONY_URL = os.environ.get("TASUKI_TELEPHONY_URL", "")
TELEPHONY_SECRET = os.environ.get("TASUKI_TELEPHONY_SECRET", "")
FILES_LARGEST = int(os.environ.get("TASUKI_FILE_MB", "25")) * 1024 * 1024
FILES_QUOTA = int(os.environ.get("TASUKI_FILES_GB", "20")) * 1024**3
FILES_REFUSED_ENDINGS = frozenset(
    [
        ".app",
        ".bat",
        ".cmd",
        ".com",
        ".cpl",
        ".dll",
        ".exe",
        ".hta",
        ".jar",
        ".js",
        ".jse",
        ".lnk",
        ".msi",
        ".pif",
        ".ps1",
        ".reg",
        ".scr",
        ".vbe",
        ".vbs",
        ".wsf",
    ]
)

# Security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "tasuki.web.errors.stale_form"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", NONCE],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "media-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# The nouns that can be imported, and where each says how.
IMPORTABLE_NOUNS = {
    "accounts": "tasuki.crm.account_imports.NOUN",
    "contacts": "tasuki.crm.contact_imports.NOUN",
    "leads": "tasuki.crm.lead_imports.NOUN",
    "products": "tasuki.crm.product_imports.NOUN",
    "product_points": "tasuki.crm.product_point_imports.NOUN",
    "opportunities": "tasuki.sales.opportunity_imports.NOUN",
}

# The nouns whose fields can be changed one by one, and where each says which.
EDITABLE_NOUNS = [
    "tasuki.crm.editable.LEADS",
    "tasuki.sales.editable.OPPORTUNITIES",
    "tasuki.crm.editable.ACCOUNTS",
    "tasuki.crm.editable.CONTACTS",
    "tasuki.crm.editable.PRODUCTS",
    "tasuki.crm.editable.TASKS",
]

BULK_VERBS = [
    "tasuki.crm.bulk_verbs.GIVE_LEADS",
    "tasuki.engage.bulk_verbs.ENROL_LEADS",
    "tasuki.crm.task_bulk_verbs.FINISH_TASKS",
    "tasuki.crm.task_bulk_verbs.GIVE_TASKS",
    "tasuki.crm.task_bulk_verbs.PUT_OFF_TASKS",
    "tasuki.relay.bulk_verbs.RECYCLE_LEADS",
    "tasuki.crm.bulk_verbs.GIVE_ACCOUNTS",
    "tasuki.sales.bulk_verbs.GIVE_OPPORTUNITIES",
    "tasuki.crm.bulk_verbs.CHANGE_LEADS",
    "tasuki.crm.bulk_verbs.CHANGE_ACCOUNTS",
    "tasuki.crm.bulk_verbs.CHANGE_CONTACTS",
    "tasuki.sales.bulk_verbs.CHANGE_OPPORTUNITIES",
]

# The nouns that can be found, in the order in which a person reads them, and where each says how.
SEARCHABLE_NOUNS = {
    "lead": "tasuki.crm.searched.LEADS",
    "account": "tasuki.crm.searched.ACCOUNTS",
    "contact": "tasuki.crm.searched.CONTACTS",
    "opportunity": "tasuki.sales.searched.OPPORTUNITIES",
    "handoff": "tasuki.relay.handoff_fields.HANDOFFS",
    "task": "tasuki.crm.searched.TASKS",
    "product": "tasuki.crm.searched.PRODUCTS",
    "user": "tasuki.core.searched.PEOPLE",
    "team": "tasuki.core.searched.TEAMS",
}

PROCRASTINATE_ON_APP_READY = "tasuki.schedule.on_app_ready"
# The jobs stand in the modules that the schedule names. Our modules called “tasks” are about what people have to do, and no command reads those pages.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"tasuki": {"level": "INFO"}},
}
