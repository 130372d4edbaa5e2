from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ably_local.messages import (
    Annotation,
    AnnotationAction,
    Message,
    MessageAction,
    Payload,
    PresenceAction,
    PresenceMessage,
    Version,
)
from ably_local.sqlite_storage import SqliteStorage
from ably_local.storage import Entry, StorageError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def storage(path: Path) -> Iterator[SqliteStorage]:
    storage = SqliteStorage(path)
    storage.open()
    yield storage
    storage.close()


def reopened(storage: SqliteStorage, path: Path) -> SqliteStorage:
    storage.close()
    again = SqliteStorage(path)
    again.open()
    return again


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Make writes beyond `size` fail until the block ends, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def plain(number: int, since: int = 0) -> Entry:
    serial = f"{number:03}@s:000"
    return Entry(
        serial,
        since,
        Message(serial=serial, timestamp=since, version=Version(serial=serial, timestamp=since)),
    )


PUBLISHED = Message(
    id="id:0",
    name="név",
    payload=Payload(data=b"\x00\xff", encoding="utf-8/cipher+aes-256-cbc"),
    client_id="alice",
    extras={"headers": {"a": 1}, "ref": {"b": [True, None, 1.5]}},
    serial="001@s:000",
    connection_id="conn",
    timestamp=5,
    version=Version(serial="001@s:000", timestamp=5),
)

ITEMS = [
    PUBLISHED,
    Message(
        payload=Payload(data='{"a":1}', encoding="json"),
        action=MessageAction.DELETE,
        serial="001@s:000",
        timestamp=5,
        version=Version(
            serial="002@s:000",
            timestamp=6,
            client_id="bob",
            description="wrong",
            metadata={"why": "typo"},
        ),
        summary={"seen:total.v1": {"total": 2}},
    ),
    Message(
        payload=Payload(data=""),
        serial="003@s:000",
        timestamp=7,
        version=Version(serial="003@s:000", timestamp=7),
    ),
    Annotation(
        type="seen:multiple.v1",
        action=AnnotationAction.DELETE,
        id="id:1",
        name="👍",
        count=3,
        client_id="alice",
        payload=Payload(data=b"x"),
        extras={"a": {}},
        message_serial="001@s:000",
        serial="004@s:000",
        connection_id="conn",
        timestamp=8,
    ),
    PresenceMessage(
        action=PresenceAction.LEAVE,
        id="id:2",
        client_id="alice",
        payload=Payload(data="bye"),
        connection_id="conn",
        timestamp=9,
    ),
]


@pytest.mark.parametrize("item", ITEMS)
def test_an_entry_is_read_as_it_was_written(
    storage: SqliteStorage, path: Path, item: Message | Annotation | PresenceMessage
) -> None:
    entry = Entry("010@s:000", 5, item)
    storage.journal("app", "persisted:a").write(entry)
    again = reopened(storage, path)
    assert again.journal("app", "persisted:a").read() == [entry]
    assert again.journal("app", "persisted:b").read() == []
    assert again.journal("other", "persisted:a").read() == []
    again.close()


def test_entries_are_in_order_of_serials(storage: SqliteStorage) -> None:
    journal = storage.journal("app", "a")
    for number in (1, 2, 30, 200):
        journal.write(plain(number))
    storage.commit()
    assert journal.read() == [plain(number) for number in (1, 2, 30, 200)]


def test_entries_are_forgotten_by_age(storage: SqliteStorage) -> None:
    journal = storage.journal("app", "a")
    for number in (1, 2, 3):
        journal.write(plain(number, since=number))
    storage.forget_before(2)
    assert journal.read() == [plain(2, since=2), plain(3, since=3)]


def test_apps_are_kept_as_saved_last_and_oldest_first(storage: SqliteStorage, path: Path) -> None:
    for app in ("b", "a", "c"):
        storage.save_app(app, {"appId": app})
        storage.journal(app, "x").write(plain(1))
    storage.save_app("b", {"appId": "b", "changed": True})
    storage.delete_app("a")
    again = reopened(storage, path)
    assert again.apps() == [{"appId": "b", "changed": True}, {"appId": "c"}]
    assert again.journal("a", "x").read() == []
    assert again.journal("c", "x").read() == [plain(1)]
    again.close()


def test_the_default_key_is_noted(storage: SqliteStorage, path: Path) -> None:
    assert storage.default_key() is None
    storage.set_default_key("app.key")
    again = reopened(storage, path)
    assert again.default_key() == "app.key"
    again.close()


def test_only_the_owner_may_read_the_secrets_in_it(storage: SqliteStorage, path: Path) -> None:
    storage.save_app("a", {})
    storage.commit()
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_belongs_to_one_server_at_a_time(storage: SqliteStorage, path: Path) -> None:
    other = SqliteStorage(path)
    with pytest.raises(StorageError, match=r"data\.db is in use"):
        other.open()
    storage.close()
    other.open()
    other.close()


def test_what_can_not_be_written_is_written_later(storage: SqliteStorage, path: Path) -> None:
    journal = storage.journal("app", "a")
    entries = [plain(number) for number in range(500)]
    for entry in entries:
        journal.write(entry)
    with no_file_larger_than(20_000):
        for _ in range(2):
            with pytest.raises(StorageError, match=r"cannot use .*data\.db: "):
                storage.commit()
    journal.write(plain(500))
    again = reopened(storage, path)
    assert again.journal("app", "a").read() == [*entries, plain(500)]
    again.close()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"these are notes " * 100, "is damaged or no data file of ably-local"),
        (b"SQLite format 3\x00" + b"\x07" * 5000, "is damaged or no data file of ably-local"),
    ],
)
def test_what_is_no_data_file_is_left_alone(path: Path, content: bytes, complaint: str) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError, match=complaint):
        SqliteStorage(path).open()
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_found(storage: SqliteStorage, path: Path) -> None:
    for number in range(1000):
        storage.journal("app", "a").write(plain(number))
    storage.close()
    content = bytearray(path.read_bytes())
    content[8192:40960] = b"\x07" * 32768
    path.write_bytes(content)
    with pytest.raises(StorageError, match="is damaged"):
        SqliteStorage(path).open()


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE recipes (name TEXT)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="is a database of another program"):
        SqliteStorage(path).open()
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_left_alone(storage: SqliteStorage, path: Path) -> None:
    storage.close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 2")
    database.close()
    before = path.read_bytes()
    with pytest.raises(
        StorageError, match=r"newer ably-local \(format 2, this one knows up to 1\); upgrade"
    ):
        SqliteStorage(path).open()
    assert path.read_bytes() == before


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot open .*nowhere/data\.db: No such file"):
        SqliteStorage(tmp_path / "nowhere" / "data.db").open()
    with pytest.raises(StorageError, match=r"cannot use .*: unable to open database file"):
        SqliteStorage(tmp_path).open()
