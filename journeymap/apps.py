from django.apps import AppConfig

from journeymap.celery import app


class JourneymapConfig(AppConfig):
    """Names the Celery application with which tasks are sent, in whatever process Django is set up."""

    name = "journeymap"
    celery_app = app
