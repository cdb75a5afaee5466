"""Signatures: they are what anybody else works out, and are checked against several secrets."""

import hashlib
import hmac
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

import admira
from admira import OptionError

BODY = b'{"date":"2025-08-31","rows":[]}'
SECRET = "a secret of two"  # noqa: S105 - that of the documented vector
SIGNATURE = "16e4770715b43a1ab6f8109a1ee1b322cea2a494053bf4832e02ba909150566f"
README = Path(__file__).parents[2] / "README.md"


def test_the_documented_vector_holds() -> None:
    assert admira.sign(BODY, SECRET) == SIGNATURE
    text = README.read_text(encoding="utf-8")
    assert all(part in text for part in (BODY.decode(), SECRET, SIGNATURE))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_signs_the_same() -> None:
    command = ["openssl", "dgst", "-sha256", "-hmac", SECRET]
    done = subprocess.run(command, input=BODY, capture_output=True, check=True)
    assert done.stdout.split()[-1].decode() == SIGNATURE


@pytest.mark.parametrize("secret", [SECRET, SECRET.encode(), SecretStr(SECRET)])
def test_a_secret_is_text_bytes_or_a_secret_type(secret: str | bytes | SecretStr) -> None:
    assert admira.sign(BODY.decode(), secret) == SIGNATURE
    assert admira.verify_signature(BODY, SIGNATURE, secret)


def test_only_the_exact_bytes_and_the_right_secret_pass() -> None:
    assert not admira.verify_signature(BODY + b"\n", SIGNATURE, SECRET)
    assert not admira.verify_signature(BODY, SIGNATURE, "another")
    assert not admira.verify_signature(BODY, SIGNATURE[:-1], SECRET)
    assert not admira.verify_signature(BODY, "señal", SECRET)
    assert not admira.verify_signature(BODY, "", SECRET)


def test_while_a_secret_is_replaced_both_pass() -> None:
    assert admira.verify_signature(BODY, SIGNATURE, ["the new one", SECRET])
    assert admira.verify_signature(BODY, SIGNATURE, (SECRET, "the new one"))
    assert not admira.verify_signature(BODY, SIGNATURE, ["the new one", "another"])


def test_every_secret_is_compared_and_by_the_comparison_that_tells_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac_compare(one, other)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr("admira.export.signing.hmac.compare_digest", compare)
    assert admira.verify_signature(BODY, SIGNATURE, [SECRET, "the next one", "another"])
    assert len(compared) == 3


def test_a_signed_body_may_be_too_old_or_of_the_future() -> None:
    now = datetime(2025, 9, 1, 6, tzinfo=UTC)

    def is_taken(exported_at: str) -> bool:
        body = f'{{"exported_at":"{exported_at}"}}'.encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return admira.verify_signature(body, signature, SECRET, max_age_seconds=300, now=now)

    assert is_taken("2025-09-01T05:55:00.000Z")
    assert is_taken((now + timedelta(minutes=5)).isoformat())
    assert not is_taken("2025-09-01T05:54:59.999Z")
    assert not is_taken("2025-09-01T06:05:00.001Z")
    assert not is_taken("2025-09-01T06:00:00")
    assert not is_taken("yesterday")
    assert not admira.verify_signature(BODY, SIGNATURE, SECRET, max_age_seconds=300)
    assert not admira.verify_signature(b"[]", admira.sign(b"[]", SECRET), SECRET, max_age_seconds=9)


def test_a_secret_that_is_not_there_is_refused() -> None:
    for secret in ("", b"", SecretStr("")):
        with pytest.raises(OptionError, match="secret='nothing'"):
            admira.sign(BODY, secret)
    with pytest.raises(OptionError, match="secret"):
        admira.verify_signature(BODY, SIGNATURE, [SECRET, ""])
    with pytest.raises(OptionError, match="at least one secret"):
        admira.verify_signature(BODY, SIGNATURE, [])


@pytest.mark.parametrize("age", [0, -1, float("nan")])
def test_an_age_that_nothing_can_have_is_refused(age: float) -> None:
    with pytest.raises(OptionError, match="max_age_seconds"):
        admira.verify_signature(BODY, SIGNATURE, SECRET, max_age_seconds=age)
