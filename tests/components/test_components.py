from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template.loader import render_to_string


class SampleForm(forms.Form):
    name = forms.CharField(help_text="Up to 80 letters")
    note = forms.CharField(required=False)
    unit = forms.ChoiceField(choices=[("u", "People"), ("s", "Sessions")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(required=False)


def render_form(data=None):
    form = SampleForm(data)
    if data is not None:
        form.add_error(None, "All of it is <wrong>.")
    return render_to_string("components/fields.html", {"form": form})


def test_a_field_names_its_help_and_its_error_for_screen_readers():
    page = render_form({"name": "", "unit": "u"})
    assert 'aria-describedby="id_name_helptext id_name_error"' in page
    assert 'id="id_name_helptext"' in page
    assert 'id="id_name_error"' in page
    assert 'aria-invalid="true"' in page


def test_what_is_wrong_with_the_whole_form_stands_first_and_is_escaped():
    page = render_form({"name": "x", "unit": "u"})
    assert "All of it is &lt;wrong&gt;." in page
    assert page.index("All of it") < page.index("id_name")


def test_optional_fields_say_so():
    page = render_form()
    assert page.count("formfield__optional") == 1


def test_choices_are_a_group_with_a_legend():
    page = render_form()
    assert "<fieldset" in page
    assert "<legend>Unit</legend>" in page


def test_messages_become_toasts_and_bad_ones_stay():
    messages = [Message(constants.SUCCESS, "Saved."), Message(constants.ERROR, "<b>No</b>")]
    page = render_to_string("components/messages.html", {"messages": messages})
    assert page.count("<jm-toast") == 2
    assert page.count("data-stay") == 1
    assert "&lt;b&gt;No&lt;/b&gt;" in page


def test_an_answer_to_htmx_adds_its_messages_to_the_region():
    page = render_to_string("components/messages_oob.html", {"messages": [Message(constants.INFO, "Hello")]})
    assert 'hx-swap-oob="beforeend:#messages"' in page
    assert render_to_string("components/messages_oob.html", {"messages": []}).strip() == ""


def test_progress_shows_its_share_and_says_its_numbers():
    page = render_to_string("components/progress.html", {"done": 634, "total": 1000, "label": "Rows"})
    assert 'aria-valuenow="634"' in page
    assert "--p:calc(634 * 0.1%)" in page
    assert "progress--wait" in render_to_string("components/progress.html", {"label": "Working"})


def test_an_empty_state_says_what_to_do():
    page = render_to_string(
        "components/empty.html",
        {"icon": "database", "title": "No data yet", "text": "Bring some in.", "url": "/in/", "action": "Import"},
    )
    assert '<a class="btn btn--primary" href="/in/">Import</a>' in page
