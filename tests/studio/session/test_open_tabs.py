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
def tabs(listening, clock):
    return OpenTabs(listening.__contains__, clock)


def test_the_first_has_it_and_the_second_is_told(tabs):
    assert tabs.open("p", "a") == (False, None)
    assert tabs.open("p", "b") == (True, None)
    tabs.check("p", "a")
    with pytest.raises(
        OpenElsewhere, match="picture p is open in another tab; expected one tab that paints on it"
    ):
        tabs.check("p", "b")


def test_the_second_may_take_it_over(tabs):
    tabs.open("p", "a")
    assert tabs.open("p", "b", take=True) == (False, "a")
    tabs.check("p", "b")
    with pytest.raises(OpenElsewhere):
        tabs.check("p", "a")
    assert tabs.open("p", "a", take=True) == (False, "b")


def test_a_tab_holds_one_picture(tabs):
    tabs.open("p", "a")
    tabs.open("q", "a")
    assert tabs.open("p", "b") == (False, None)
    assert tabs.open("q", "c") == (True, None)


def test_looking_at_a_held_picture_lets_go_of_ones_own(tabs):
    tabs.open("p", "a")
    tabs.open("q", "b")
    assert tabs.open("p", "b") == (True, None)
    assert tabs.open("q", "a") == (False, None)


def test_who_paints_first_holds(tabs):
    tabs.check("p", "a")
    with pytest.raises(OpenElsewhere):
        tabs.check("p", "b")


def test_a_closed_tab_holds_nothing(tabs, listening, clock):
    tabs.open("p", "a")
    tabs.leave("a")
    assert tabs.open("p", "b") == (False, None)
    listening.clear()
    clock.now += 4
    assert tabs.open("p", "c") == (True, None)
    clock.now += 6
    assert tabs.open("p", "c") == (False, None)


@pytest.mark.parametrize("tab", ["", "a b", "../x", "x" * 65, "ä"])
def test_names_of_tabs(tab):
    with pytest.raises(BadOption, match="expected 1 to 64 letters"):
        check_tab(tab)
