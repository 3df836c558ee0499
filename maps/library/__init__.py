"""The templates that a map can start from. Their texts are examples to overwrite."""

from maps.library.blank import BLANK
from maps.library.blueprint import SERVICE_BLUEPRINT
from maps.library.buying import B2B_BUYING
from maps.library.commerce import E_COMMERCE
from maps.library.lifecycle import LIFECYCLE
from maps.library.onboarding import SAAS_ONBOARDING
from maps.library.shapes import Template
from maps.library.support import SUPPORT_CASE

TEMPLATES: dict[str, Template] = {
    template.key: template
    for template in (
        LIFECYCLE,
        SAAS_ONBOARDING,
        E_COMMERCE,
        SERVICE_BLUEPRINT,
        SUPPORT_CASE,
        B2B_BUYING,
        BLANK,
    )
}

__all__ = ["BLANK", "LIFECYCLE", "TEMPLATES", "Template"]
