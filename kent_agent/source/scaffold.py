"""What a snippet needs around it to run: Django wants settings, an application that has its models, and tables."""

import re

from kent_agent.source.bindings import imported_modules

# The snippet's own module is an application, so that its models have one. Their tables are made as the database is
# first asked for something, for by then they are all defined.
_DJANGO = """\
import sys
import django
from django.apps import AppConfig, apps
from django.conf import settings
from django.db.backends.signals import connection_created


class Snippet(AppConfig):
    path = "."


def make_tables(connection, **options):
    connection_created.disconnect(make_tables)
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            if model._meta.managed and not model._meta.proxy:
                editor.create_model(model)


settings.configure(
    SECRET_KEY="snippet",
    DEBUG=True,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        Snippet(__name__, sys.modules[__name__]),
    ],
)
django.setup()
connection_created.connect(make_tables)
"""
_OWN = re.compile(r"\bsettings\.configure\(|\bdjango\.setup\(|DJANGO_SETTINGS_MODULE")

DJANGO_IMPORTS = {
    "models": "from django.db import models",
    "connection": "from django.db import connection",
    "transaction": "from django.db import transaction",
    "forms": "from django import forms",
    "settings": "from django.conf import settings",
    "timezone": "from django.utils import timezone",
    "reverse": "from django.urls import reverse",
    "User": "from django.contrib.auth.models import User",
}
"""Statements that import what Django's users take for granted."""


def scaffold(code: str) -> str:
    """Python that is to run before a snippet, in its module; empty where it needs none, or brings its own."""
    uses = any(module.split(".")[0] == "django" for module in imported_modules(code))
    return _DJANGO if uses and not _OWN.search(code) else ""
