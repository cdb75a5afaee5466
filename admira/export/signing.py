"""Signatures: HMAC-SHA256 over the exact bytes, and the check that a receiver makes."""

import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeAlias

from pydantic import SecretStr

from admira.errors import OptionError

Secret: TypeAlias = str | bytes | SecretStr


def sign(body: bytes | str, secret: Secret) -> str:
    """Sign a body: HMAC-SHA256 of its exact bytes, in hex.

    Parameters
    ----------
    body : bytes or str
        What is signed; text is signed as UTF-8.
    secret : str, bytes or SecretStr
        What only the two sides know.

    Returns
    -------
    str
        64 hexadecimal digits, lower case.

    Raises
    ------
    OptionError
        When the secret is empty: then anybody could sign.

    Examples
    --------
    >>> import admira
    >>> admira.sign('{"date":"2025-08-31","rows":[]}', "a secret of two")
    '16e4770715b43a1ab6f8109a1ee1b322cea2a494053bf4832e02ba909150566f'
    """
    return hmac.new(_as_key(secret), _as_bytes(body), sha256).hexdigest()


def verify_signature(
    body: bytes | str,
    signature: str,
    secret: Secret | Iterable[Secret],
    *,
    max_age_seconds: float | None = None,
    now: datetime | None = None,
) -> bool:
    """Tell whether a body was signed with one of the secrets, as a receiver has to ask.

    Check the bytes as they came, before anything decodes them.  The time that it takes says nothing
    about the signature or the secrets.

    Parameters
    ----------
    body : bytes or str
        The body as received.
    signature : str
        The header ``X-Signature``.
    secret : str, bytes or SecretStr, or several of them
        While a secret is being replaced both hold: ``[new, old]``.
    max_age_seconds : float, optional
        How far ``exported_at`` of the body may be from now, in either direction.  A body without it
        is then refused.
    now : datetime, optional
        The clock's time by default.

    Returns
    -------
    bool

    Raises
    ------
    OptionError
        When there is no secret, or an empty one, or the age is not a number above 0.

    Examples
    --------
    >>> import admira
    >>> body = b'{"date":"2025-08-31","rows":[]}'
    >>> signature = admira.sign(body, "the old secret")
    >>> admira.verify_signature(body, signature, ["the new secret", "the old secret"])
    True
    >>> admira.verify_signature(body + b" ", signature, "the old secret")
    False
    """
    if max_age_seconds is not None and not max_age_seconds > 0:
        raise OptionError("max_age_seconds", max_age_seconds, ["a number of seconds above 0"])
    secrets = [secret] if isinstance(secret, str | bytes | SecretStr) else [*secret]
    if not secrets:
        raise OptionError("secret", "nothing", ["at least one secret"])
    given = _as_bytes(signature)
    # All are compared, so that the time does not tell which one fits.
    fits = [hmac.compare_digest(sign(body, each).encode(), given) for each in secrets]
    if not any(fits):
        return False
    return (
        max_age_seconds is None or _age_seconds(body, now or datetime.now(UTC)) <= max_age_seconds
    )


def _age_seconds(body: bytes | str, now: datetime) -> float:
    """Give the time between a body's export and now; one that does not say it is too old."""
    try:
        exported = datetime.fromisoformat(json.loads(body)["exported_at"])
        return abs((now - exported).total_seconds())
    except (ValueError, TypeError, KeyError):
        return float("inf")


def _as_key(secret: Secret) -> bytes:
    """Give the bytes of a secret; refuse one that is not there."""
    text = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    if not text:
        raise OptionError("secret", "nothing", ["text or bytes, at least one"])
    return _as_bytes(text)


def _as_bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
