from partly.studio.session.session_events import Events


def test_all_hear_and_one_can_be_told_alone():
    events, heard = Events(), {"a": [], "b": []}
    leave = {tab: events.subscribe(tab, heard[tab].append) for tab in heard}
    events.send("wall", {"version": 1})
    events.send("taken", {"id": "p"}, "p", tab="b")
    assert [event.name for event in heard["a"]] == ["wall"]
    assert [(event.name, dict(event.data), event.subject) for event in heard["b"]] == [
        ("wall", {"version": 1}, ""),
        ("taken", {"id": "p"}, "p"),
    ]
    assert events.is_listening("a")
    leave["a"]()
    leave["a"]()
    assert not events.is_listening("a")
    events.send("wall", {"version": 2})
    assert len(heard["a"]) == 1


def test_a_tab_with_two_streams_listens_until_both_end():
    events = Events()
    first, second = (events.subscribe("a", lambda event: None) for _ in range(2))
    first()
    assert events.is_listening("a")
    second()
    assert not events.is_listening("a")
