import os

import pytest
from django.core.exceptions import ValidationError

from flows import children
from maps.exports.formats import FORMATS
from maps.library import BLANK


@pytest.fixture
def program(tmp_path):
    def written(text: str):
        path = tmp_path / "program.py"
        path.write_text(text)
        return path

    return written


def test_a_child_answers_and_knows_nothing_of_its_parent(program, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "secret")
    path = program("import os, sys; print(sys.argv[1], sys.stdin.read(), sorted(os.environ))")
    answer = children.run(path, "a", data=b"b", seconds=60, ONLY="this").decode()
    assert answer.startswith("a b ")
    assert "ONLY" in answer
    assert not {"SECRET_KEY", "DATABASE_URL", "JOURNEYMAP_DATA"} & {name for name in os.environ if name in answer}


@pytest.mark.parametrize(
    "text",
    [
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (10**8, 10**8)); x = 'x' * 10**10",
        "import os; os.abort()",
        "import time; time.sleep(600)",
    ],
)
def test_a_child_is_stopped_at_its_limits(program, text):
    with pytest.raises(children.OverLimit):
        children.run(program(text), data=b"", seconds=2)


def test_a_child_that_fails_is_no_answer(program):
    with pytest.raises(children.Failed) as caught:
        children.run(program("raise ValueError('why')"), data=b"", seconds=60)
    assert not isinstance(caught.value, children.OverLimit)
    assert "why" in str(caught.value)


def test_a_drawing_that_takes_too_much_is_refused_with_a_way_out(monkeypatch):
    def stopped(*_, **__):
        raise children.OverLimit

    monkeypatch.setattr("flows.children.run", stopped)
    with pytest.raises(ValidationError, match="takes too long to draw"):
        FORMATS["pdf-a4"].write(BLANK.document)
