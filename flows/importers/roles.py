"""Which column says who, what and when."""

from collections.abc import Sequence

from flows.importers.faults import ImportFault

REQUIRED = ("actor", "event", "time")
ROLES = (*REQUIRED, "insert_id", "session")
LABELS = {"actor": "Person", "event": "Event", "time": "Time", "insert_id": "Insert id", "session": "Session"}

# The usual names, the surest first; compared without case, blanks, dots and signs.
_NAMES = {
    "actor": (
        "actor user_id userid person_id distinct_id actor_id customer_id customer_no customer_number client_id "
        "client_no visitor_id case_id account_id user_no "
        "member_id user_pseudo_id user person customer visitor client case uid anonymous_id device_id casecconceptname"
    ),
    "event": "event event_name eventname event_type activity name action concept_name type",
    "time": (
        "time timestamp occurred_at event_time time_timestamp event_timestamp ts datetime date_time created_at "
        "occurred time_stamp event_date sent_at received_at complete_timestamp start_timestamp date created"
    ),
    "insert_id": "insert_id insertid message_id messageid uuid event_uuid",
    "session": "session session_id sessionid visit_id ga_session_id",
}


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


_GUESSES = {role: [_plain(name) for name in names.split()] for role, names in _NAMES.items()}
_GUESSES["actor"].insert(0, _plain("case:concept:name"))


def guess(columns: Sequence[str]) -> dict[str, str]:
    """Role → column, for the roles whose column can be told by its name."""
    mapping: dict[str, str] = {}
    for role, names in _GUESSES.items():
        free = {_plain(column): column for column in reversed(columns) if column not in mapping.values()}
        found = next((free[name] for name in names if name in free), None)
        if found is not None:
            mapping[role] = found
    return mapping


def resolve(name: str, columns: Sequence[str], wanted: dict[str, str]) -> dict[str, str]:
    """The mapping to use: what was asked for, else what can be guessed. Raises ImportFault for what is not there."""
    for role, column in wanted.items():
        if column not in columns:
            raise ImportFault(f"{name} has no column {column!r} for {LABELS[role].lower()}. {_there(columns)}")
    used = list(wanted.values())
    twice = next((column for column in used if used.count(column) > 1), None)
    if twice:
        raise ImportFault(f"The column {twice!r} of {name} is given two meanings.")
    mapping = dict(wanted)
    if not all(role in mapping for role in REQUIRED):
        guessed = guess([column for column in columns if column not in used])
        mapping = {**{role: guessed[role] for role in REQUIRED if role in guessed}, **mapping}
        if not wanted:
            mapping = guessed
    for role in REQUIRED:
        if role not in mapping:
            raise ImportFault(
                f"No column of {name} is known to be the {LABELS[role].lower()}; name it. {_there(columns)}"
            )
    return mapping


def _there(columns: Sequence[str]) -> str:
    shown = ", ".join(column[:60] for column in columns[:20])
    more = f" and {len(columns) - 20:,} more" if len(columns) > 20 else ""
    return f"Its columns are: {shown}{more}."
