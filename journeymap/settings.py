"""Every setting of the project. What may differ between machines is read from the environment (`.env.example`)."""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
import psycopg.conninfo
from csp.constants import NONE, SELF, UNSAFE_INLINE

from journeymap import env, exposure

# Lets `ModelForm[Team]` and the like be written, which Django itself understands only in part.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# Where everything lives that is not in PostgreSQL: uploads, segments, caches of compiled kernels.
DATA_DIR = env.path("JOURNEYMAP_DATA", default=BASE_DIR / ".data")

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY", default="") or env.secret_file(DATA_DIR / "secret-key")
ALLOWED_HOSTS = env.list_("ALLOWED_HOSTS", default=exposure.NAMES)
IS_LOCAL = exposure.is_local()
CSRF_TRUSTED_ORIGINS = env.list_("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.flag("HTTPS", default=False)
# Where people find the product, for links in e-mails; without it they have none.
PUBLIC_URL = env.address("JOURNEYMAP_URL", default="")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "accounts",
    "flows",
    "maps",
    "journeymap",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Before anything reads a form. It is synchronous and the innermost, so under ASGI Django runs all of them in one
    # thread, and does not change threads for each: a quarter of the cost of a small request.
    "journeymap.middleware.only_utf8",
]

ROOT_URLCONF = "journeymap.urls"
ASGI_APPLICATION = "journeymap.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.contexts.frame",
            ],
            "builtins": ["template_partials.templatetags.partials", "journeymap.templatetags.look"],
        },
    }
]

# --- PostgreSQL ---------------------------------------------------------------------------------

_postgres = psycopg.conninfo.conninfo_to_dict(env.text("DATABASE_URL"))
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _postgres.pop("dbname", "journeymap"),
        "USER": _postgres.pop("user", ""),
        "PASSWORD": _postgres.pop("password", ""),
        "HOST": _postgres.pop("host", ""),
        "PORT": str(_postgres.pop("port", "")),
        # Under ASGI every request has its own thread, so connections are shared by a pool.
        "OPTIONS": {
            **_postgres,
            "pool": {"min_size": 1, "max_size": env.integer("DATABASE_POOL", default=10)},
        },
    }
}

# --- Redis protocol: cache, broker --------------------------------------------------------------

REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "journeymap",
    }
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}
# Imports have a queue of their own, so that a long one never stands before somebody's chart. A worker that is not
# told which queue to serve serves both.
CELERY_TASK_DEFAULT_QUEUE = env.text("CELERY_QUEUE", default="journeymap")
IMPORT_QUEUE = f"{CELERY_TASK_DEFAULT_QUEUE}-imports"
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {CELERY_TASK_DEFAULT_QUEUE: {}, IMPORT_QUEUE: {}}
CELERY_TASK_ROUTES = {"flows.tasks.run_import": {"queue": IMPORT_QUEUE}}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A job gives a sign of life twice a second; after a silence of this length its worker counts as gone.
JOB_SILENCE = env.duration("JOB_SILENCE", default=timedelta(seconds=20))
CELERY_BEAT_SCHEDULE = {
    "ring-lost-bells": {"task": "flows.tasks.ring_lost_bells", "schedule": 15.0},
    "sweep-orphan-files": {"task": "flows.tasks.sweep_orphan_files", "schedule": 3600.0},
    "compact-datasets": {"task": "flows.tasks.compact_datasets", "schedule": 300.0},
    "sweep-runs": {"task": "flows.tasks.sweep_runs", "schedule": 3600.0},
    "ring-lost-letters": {"task": "accounts.tasks.ring_lost_letters", "schedule": 300.0},
    "prune-inboxes": {"task": "accounts.tasks.prune_inboxes", "schedule": 24 * 3600.0},
    "refresh-charts": {"task": "flows.tasks.refresh_charts", "schedule": 60.0},
    "ring-deliveries": {"task": "flows.tasks.ring_deliveries", "schedule": 60.0},
    "sweep-deliveries": {"task": "flows.tasks.sweep_deliveries", "schedule": 24 * 3600.0},
    "remind-owners": {"task": "maps.tasks.remind_owners", "schedule": 3600.0},
    "sweep-pictures": {"task": "maps.tasks.sweep_pictures", "schedule": 24 * 3600.0},
    "prune-logs": {"task": "maps.tasks.prune_logs", "schedule": 24 * 3600.0},
}

# --- People -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_REDIRECT_URL = "home"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]

EMAIL_HOST = env.text("EMAIL_HOST", default="")
EMAIL_PORT = env.integer("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.text("EMAIL_USER", default="")
EMAIL_HOST_PASSWORD = env.text("EMAIL_PASSWORD", default="")
EMAIL_USE_TLS = env.flag("EMAIL_TLS", default=True)
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", default="Journeymap <journeymap@localhost>")
MAIL = exposure.mail()
EMAIL_BACKEND = {
    "sent": "django.core.mail.backends.smtp.EmailBackend",
    "printed": "django.core.mail.backends.console.EmailBackend",
    "off": "django.core.mail.backends.dummy.EmailBackend",
}[MAIL]
# Only where a link can be sent may an address have to be proved. Then sign-up answers the same for every address;
# without, it has to say that one is taken.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if MAIL == "sent" else "optional"
ACCOUNT_PREVENT_ENUMERATION = True

# Whether webhooks may go to addresses that only this network reaches: whoever edits could make the server talk to them.
WEBHOOKS_TO_PRIVATE = env.flag("WEBHOOKS_TO_PRIVATE", default=False)

# --- Pages --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# A release collects its files, compressed and with a hash in each name. Unset: served from where they stand.
STATIC_ROOT = env.text("STATIC_ROOT", default="") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Uploads are streamed to disk; a form field never holds more than this.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_HANDLERS = ["flows.uploads.DiskUpload"]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "uploads"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
IMPORT_MAX_BYTES = env.integer("IMPORT_MAX_BYTES", default=20 * 1024**3)

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0

# Style attributes carry geometry and hues only (`--c`, `--cols`); scripts come from our own files alone.
# The admin site keeps the policy of its own package: its widgets need inline scripts.
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src-attr": [UNSAFE_INLINE],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Journeymap API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

UNFOLD = {
    "SITE_TITLE": "Journeymap",
    "SITE_HEADER": "Journeymap",
    "SITE_SUBHEADER": "Data management",
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", default="WARNING")},
}

# Set while `script/server` makes the sample team; empty means that none is made.
SAMPLE_PASSWORD = env.text("SAMPLE_PASSWORD", default="")
