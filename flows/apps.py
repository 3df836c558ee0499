from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class FlowsConfig(AppConfig):
    name = "flows"

    def ready(self) -> None:
        """Apps that have something for dashboards say so in their module `tiles`."""
        autodiscover_modules("tiles")
