"""Found devices on their way into the database."""

from __future__ import annotations

from collector.mapping.book import AGAIN, DiscoveryBook
from plantroom.discovery import MOST_FIELDS, Found, FoundField
from tests.collector.kit import NOW


def found(device: str = "plug", *fields: str, **more: str) -> Found:
    return Found("z", "hq", device, fields=tuple(map(FoundField, fields)), **more)  # type: ignore[arg-type]


def test_what_is_noted_is_taken_once() -> None:
    book = DiscoveryBook()
    book.note(found("a", "x"), NOW)
    book.note(found("b"), NOW)
    assert [item.device for item in book.take()] == ["a", "b"]
    assert book.take() == []


def test_a_device_told_of_in_pieces_is_one() -> None:
    book = DiscoveryBook()
    book.note(found("a", "x", name="Pump", maker="ACME"), NOW)
    book.note(found("a", "y"), NOW)
    (item,) = book.take()
    assert {field.name for field in item.fields} == {"x", "y"}
    assert (item.name, item.maker) == ("Pump", "ACME")


def test_one_that_only_sends_values_is_noted_now_and_then() -> None:
    book = DiscoveryBook()
    assert book.wants("z", "hq", "a", NOW)
    book.note(found("a"), NOW)
    assert not book.wants("z", "hq", "a", NOW + AGAIN - 1)
    assert book.wants("z", "hq", "a", NOW + AGAIN)
    assert book.wants("z", "annex", "a", NOW)


def test_devices_fields_and_texts_are_bounded() -> None:
    book = DiscoveryBook(most=10)
    for number in range(30):
        book.note(found(f"{number}", *(str(n) for n in range(600)), name="x\u202e" * 1000), NOW)
    kept = book.take()
    assert [item.device for item in kept] == [str(n) for n in range(20, 30)]
    assert all(len(item.fields) == MOST_FIELDS and item.name.isprintable() for item in kept)
    assert all(len(item.name) < 2000 for item in kept)


def test_what_could_not_be_kept_waits_again_behind_what_is_newer() -> None:
    book = DiscoveryBook()
    book.note(found("a", "old"), NOW)
    taken = book.take()
    book.note(found("a", "new"), NOW)
    book.put_back([*taken, found("b")], NOW)
    assert [(item.device, item.fields[0].name if item.fields else "") for item in book.take()] == [
        ("a", "new"),
        ("b", ""),
    ]
