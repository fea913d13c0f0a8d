import pytest

from partly.errors import BadOption, OpenElsewhere
from partly.studio.session.open_tabs import OpenTabs, check_tab


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def listening():
    return {"a", "b"}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def holders(listening, clock):
    return OpenTabs(listening.__contains__, clock)


def test_the_first_has_it_and_the_second_is_told(holders):
    assert holders.open("p", "a") == (False, None)
    assert holders.open("p", "b") == (True, None)
    holders.check("p", "a")
    with pytest.raises(
        OpenElsewhere, match="picture p is open in another tab; expected one tab that paints on it"
    ):
        holders.check("p", "b")


def test_the_second_may_take_it_over(holders):
    holders.open("p", "a")
    assert holders.open("p", "b", take=True) == (False, "a")
    holders.check("p", "b")
    with pytest.raises(OpenElsewhere):
        holders.check("p", "a")
    assert holders.open("p", "a", take=True) == (False, "b")


def test_a_tab_holds_one_picture(holders):
    holders.open("p", "a")
    holders.open("q", "a")
    assert holders.open("p", "b") == (False, None)
    assert set(holders.held()) == {"p", "q"}


def test_looking_at_a_held_picture_lets_go_of_ones_own(holders):
    holders.open("p", "a")
    holders.open("q", "b")
    assert holders.open("p", "b") == (True, None)
    assert holders.open("q", "a") == (False, None)


def test_who_paints_first_holds(holders):
    holders.check("p", "a")
    with pytest.raises(OpenElsewhere):
        holders.check("p", "b")


def test_a_closed_tab_holds_nothing(holders, listening, clock):
    holders.open("p", "a")
    holders.leave("a")
    assert holders.open("p", "b") == (False, None)
    listening.clear()
    clock.now += 4
    assert holders.open("p", "c") == (True, None)
    clock.now += 6
    assert holders.open("p", "c") == (False, None)


@pytest.mark.parametrize("tab", ["", "a b", "../x", "x" * 65, "ä"])
def test_names_of_tabs(tab):
    with pytest.raises(BadOption, match="expected 1 to 64 letters"):
        check_tab(tab)
