import orjson

from router.web.event_stream import server_event


def test_an_event_is_one_line_of_data() -> None:
    event = server_event("desk", orjson.dumps({"why": "one\n\ndata: two"})).decode()
    assert event.startswith("event: desk\ndata: {")
    assert event.endswith("}\n\n")
    assert event.count("\n") == 3


def test_an_id_is_what_a_client_names_when_it_comes_back() -> None:
    assert server_event("patch", b"{}", "a-1") == b"id: a-1\nevent: patch\ndata: {}\n\n"
