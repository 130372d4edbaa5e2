from __future__ import annotations

import json
import logging

import pytest

from ably_local.errors import ErrorInfo
from ably_local.logs import log_event, log_refusal, logger, redacted, to_terminal

TOKEN = "Ab-3_z." + "x" * 60
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjEsImV4cCI6Mn0xxxxx.sIgNaTuRe-_x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no key found with name app.key:secret", "no key found with name app.key:[secret]"),
        ("GET /keys/a-1.k_2:s3-_/x", "GET /keys/a-1.k_2:[secret]/x"),
        (f"bad {TOKEN}!", "bad [token]!"),
        (f"bad {JWT}", "bad [token]"),
        ("no GET /channels/a.b/messages", "no GET /channels/a.b/messages"),
    ],
)
def test_secrets_are_taken_out(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_events_are_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    with to_terminal(as_json=True):
        log_event("connection.opened", connection="abc", clientId=None)
        log_refusal(ErrorInfo(40400, 404, 'no key "app.key:secret"'), request="GET /")
        logging.getLogger("other").warning("%s is odd", "this")
        try:
            raise ValueError("broken")
        except ValueError:
            logger.exception("failed")
    out = capsys.readouterr().out
    opened, refused, odd, broken = (json.loads(line) for line in out.splitlines())
    assert opened.pop("time").endswith("Z")
    assert opened == {"level": "info", "event": "connection.opened", "connection": "abc"}
    assert refused["event"] == "refused"
    assert (refused["code"], refused["status"], refused["request"]) == (40400, 404, "GET /")
    assert refused["message"] == 'no key "app.key:[secret]"'
    assert (odd["level"], odd["event"], odd["logger"]) == ("warning", "log", "other")
    assert odd["message"] == "this is odd"
    assert broken["message"] == "failed"
    assert "ValueError: broken" in broken["exception"]


def test_events_are_lines_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    with to_terminal(as_json=False):
        log_event("refused", code=40400, message="not there", request="GET\n12:00:00")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r' refused code=40400 message="not there" request="GET\n12:00:00"')


def test_nothing_is_shown_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with to_terminal(as_json=False):
        pass
    log_event("refused", code=40400)
    assert capsys.readouterr() == ("", "")
