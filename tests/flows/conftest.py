import pytest


@pytest.fixture
def editor(sign_in, bob):
    return sign_in(bob)
