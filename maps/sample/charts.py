"""The three charts of the sample team, each a question that its map raises."""

from flows.engine.query import FlowQuery, parse_duration

CHARTS: dict[str, FlowQuery] = {
    "What people do after they land": FlowQuery(
        start=("landing_viewed",), steps=6, top=7, within=parse_duration("7d"), hide=("home_viewed",)
    ),
    "From checkout to order": FlowQuery(
        start=("checkout_started",),
        end=("order_placed",),
        steps=6,
        top=6,
        within=parse_duration("1d"),
        only=(
            "account_created",
            "guest_chosen",
            "voucher_tried",
            "voucher_refused",
            "delivery_chosen",
            "payment_started",
            "payment_failed",
        ),
    ),
    "A visit to the shop": FlowQuery(start=("home_viewed",), steps=5, top=7, count="sessions"),
}
