from maps.library.shapes import Template, lane, stage
from maps.models import Lane

BLANK = Template(
    key="blank",
    title="Blank map",
    about="One stage, one step and six empty lanes.",
    stages=(stage("First stage", "First step"),),
    lanes=(
        lane("text", "Customer actions", role=Lane.Role.CUSTOMER_ACTION),
        lane("touchpoint", "Touchpoints"),
        lane("quote", "Thinking"),
        lane("emotion", "Emotion"),
        lane("pain", "Pain points"),
        lane("opportunity", "Opportunities"),
    ),
)
