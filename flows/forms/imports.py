from typing import Any

from django import forms
from django.http import HttpRequest

from flows.importers import TIME_UNITS, Inspection
from flows.importers.roles import LABELS, REQUIRED, ROLES
from flows.uploads import TOO_LARGE

ROLE_CHOICES = [*((role, LABELS[role]) for role in ROLES), ("", "Property")]
TIME_CHOICES = [
    ("auto", "Detect"),
    ("iso", "ISO date and time"),
    ("s", "Seconds since 1970"),
    ("ms", "Milliseconds since 1970"),
    ("us", "Microseconds since 1970"),
]
assert tuple(value for value, _ in TIME_CHOICES) == TIME_UNITS


class DatasetForm(forms.Form):
    name = forms.CharField(
        max_length=80, widget=forms.TextInput(attrs={"placeholder": "Web and app", "autocomplete": "off"})
    )


class UploadForm(forms.Form):
    """One file. It is on disk already when the form sees it."""

    file = forms.FileField(max_length=255, allow_empty_file=True, error_messages={"required": "Choose a file."})

    def __init__(self, request: HttpRequest, limit: int) -> None:
        super().__init__(request.POST or None, request.FILES or None)
        self._too_large = bool(request.META.get(TOO_LARGE))
        self._limit = limit
        if request.method == "POST":
            self.is_bound = True

    def clean(self) -> dict[str, Any]:
        if self._too_large:
            self.errors.pop("file", None)
            self.add_error(
                "file",
                f"This file is larger than {self._limit / 1024**3:,.1f} GB. Split it, or pack it with gzip or zstd.",
            )
        return self.cleaned_data


class ColumnsForm(forms.Form):
    """A select for each column of the file; its name is the place of the column."""

    time_unit = forms.ChoiceField(label="Times are written as", choices=TIME_CHOICES, initial="auto")

    def __init__(self, data: Any, inspection: Inspection) -> None:
        super().__init__(data)
        self._columns = inspection.columns
        for place, column in enumerate(inspection.columns):
            self.fields[f"c{place}"] = forms.ChoiceField(
                choices=ROLE_CHOICES,
                required=False,
                initial=column.role,
                widget=forms.Select(attrs={"class": "mp__as", "aria-label": f"Meaning of {column.name}"}),
            )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        chosen = [(data.get(f"c{place}"), column.name) for place, column in enumerate(self._columns)]
        for role, label in LABELS.items():
            columns = [name for picked, name in chosen if picked == role]
            if len(columns) > 1:
                self.add_error(
                    None, f"{label} is given to {len(columns)} columns: {', '.join(columns[:5])}. Choose one."
                )
            elif not columns and role in REQUIRED:
                self.add_error(None, f"Choose the column that is the {label}.")
        data["mapping"] = {role: name for role, name in chosen if role}
        return data

    def role_of(self, place: int) -> str:
        """What is chosen for a column now."""
        return str(self[f"c{place}"].value() or "")
