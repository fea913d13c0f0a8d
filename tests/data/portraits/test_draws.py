from collections import Counter

from partly.data.portraits.portrait_randomness import Draws


def test_the_same_choices_of_the_same_seed():
    def some(seed):
        draws = Draws(seed)
        return [draws.between(0, 1), draws.near(0, 1), draws.chance(0.5), draws.whole(1000)]

    assert some(3) == some(3)
    assert some(3) != some(4)


def test_every_choice_stays_within_its_bounds():
    draws = Draws(0)
    assert all(2 <= draws.between(2, 3) <= 3 for _ in range(200))
    assert all(abs(draws.near(5, 0.5) - 5) <= 0.5 for _ in range(200))
    assert {draws.whole(3) for _ in range(200)} == {0, 1, 2}
    assert 40 < sum(draws.chance(0.3) for _ in range(200)) < 80


def test_weights_say_how_often():
    draws = Draws(1)
    counts = Counter(draws.one_of({"often": 3, "seldom": 1, "never": 0}) for _ in range(400))
    assert 260 < counts["often"] < 340
    assert counts["never"] == 0
