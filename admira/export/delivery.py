"""export_metrics: one signed POST that a receiver can check, and recognise when it comes again."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from pydantic import SecretStr

from admira.config import Settings
from admira.core.days import as_day
from admira.errors import ExportError, OptionError, SettingsError, SourceError, SourceUnavailable
from admira.export.agreement import require_agreement
from admira.export.canonical import canonical_json, columns_of, content_key
from admira.export.signing import sign
from admira.log import log_event
from admira.operations import operation
from admira.schemas import SCHEMA_VERSION
from admira.sources.addresses import host_of
from admira.sources.http import HttpClient
from admira.sources.request import Answer, Request
from admira.sources.verdicts import AnswerRules

# What a KPI table says of itself, see compute_metrics.
_SAID = ("currency", "grain", "scope")
_TOLD_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ExportReceipt:
    """What was delivered, and by which key the receiver knows it.

    Attributes
    ----------
    receiver : str
        Its host and port.
    status : int
        What it answered.
    rows : int
        How many KPI rows it was sent.
    idempotency_key : str
        The same for the same content, however often it is sent.
    signature : str
        HMAC-SHA256 of the body.
    exported_at : datetime
        When it was sent, UTC; part of the body.
    request_id : str
        The operation that sent it; part of the body.
    body : bytes
        The exact bytes that were sent.
    """

    receiver: str
    status: int
    rows: int
    idempotency_key: str
    signature: str
    exported_at: dt.datetime
    request_id: str
    body: bytes = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Give everything but the body as plain values, ready for JSON."""
        said = asdict(self) | {"exported_at": _written(self.exported_at)}
        del said["body"]
        return said


def export_metrics(
    metrics: Any,
    *,
    date: str | dt.date,
    url: str | None = None,
    secret: str | SecretStr | None = None,
    facts: Any = None,
    client: HttpClient | None = None,
    request_id: str | None = None,
    now: dt.datetime | None = None,
) -> ExportReceipt:
    """Send a KPI table to a receiver, signed, in one POST that may safely be repeated.

    The body is canonical JSON: UTF-8, keys sorted, no spaces, missing values null.  ``X-Signature``
    is the HMAC-SHA256 of its exact bytes, ``Idempotency-Key`` is made of its content without
    ``exported_at`` and ``request_id``: the same KPIs have the same key, so a receiver counts them
    once.  What may pass is tried again, as in extraction.

    Parameters
    ----------
    metrics : DataFrame of any engine
        A KPI table, as ``store.metrics`` and :func:`compute_metrics` give it.  Its rows are sent in
        their order, without the index.
    date : day
        What the KPIs are of: the day, or the last one of a period.
    url, secret : str, optional
        The receiver and what is shared with it; else ``SINK_URL`` and ``SINK_SECRET`` of the
        environment or ``.env``.
    facts : DataFrame of any engine, optional
        What the KPIs were made of.  Where a total of the KPIs differs, nothing is sent.
    client : HttpClient, optional
        Time-outs, waits and rate limits.
    request_id : str, optional
        The operation's name; by default that of the :func:`operation` around it, else a new one.
    now : datetime, optional
        ``exported_at``, with a time zone; the clock's time by default.

    Returns
    -------
    ExportReceipt
        The key, the signature and the body that the receiver acknowledged.

    Raises
    ------
    ExportError
        When the receiver refuses, with its status and how its answer began, or cannot be reached.
    ReconciliationError
        When the KPIs do not add up to the facts.
    SettingsError
        When there is no receiver or no secret, or one is not what it should be.
    DataError
        When a value has no place in JSON.
    OptionError
        When the date is no day, or ``now`` has no time zone.

    Notes
    -----
    ``currency``, ``grain`` and ``scope`` of the body are those of ``metrics.attrs``, null where
    nothing is known.

    Examples
    --------
    >>> import admira
    >>> kpis = admira.demo().metrics("channel", start="2025-12-31")
    >>> admira.export_metrics(kpis, date="2025-12-31", url="sink.example.com", secret="s")
    Traceback (most recent call last):
    admira.errors.SettingsError: SINK_URL should be an http or https URL with a host and a port up
    to 65535; correct the argument, the variable or its line in .env.
    """
    with operation("export.run", request_id=request_id) as run:
        receiver, shared = _receiver(url, secret)
        columns, attrs = columns_of(metrics), _said(metrics)
        if facts is not None:
            require_agreement(columns, facts, scope=attrs["scope"])
        moment, content = _moment(now), _content(columns, attrs, _day(date))
        said = {"exported_at": _written(moment), "request_id": run.request_id}
        body = canonical_json({**content, **said})
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": content_key(content),
            "X-Request-Id": run.request_id,
            "X-Signature": sign(body, shared),
        }
        status = _deliver(receiver, body, headers, shared, client or HttpClient()).status
        receipt = ExportReceipt(
            receiver=host_of(receiver),
            status=status,
            rows=len(content["rows"]),
            idempotency_key=headers["Idempotency-Key"],
            signature=headers["X-Signature"],
            exported_at=moment,
            request_id=run.request_id,
            body=body,
        )
        log_event(
            "export.delivered",
            receiver=receipt.receiver,
            answered=status,
            rows=receipt.rows,
            idempotency_key=receipt.idempotency_key,
        )
    return receipt


def _content(
    columns: Mapping[str, Sequence[Any]], attrs: Mapping[str, Any], day: str
) -> dict[str, Any]:
    """Give what is sent but for the moment and the operation: what a repeat has in common."""
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return {"schema_version": SCHEMA_VERSION, "date": day, "rows": rows, **attrs}


def _receiver(url: str | None, secret: str | SecretStr | None) -> tuple[str, SecretStr]:
    """Give the receiver's address and the secret, from the arguments or the settings."""
    given = SecretStr(secret) if isinstance(secret, str) else secret
    settings = Settings(sink_url=url, sink_secret=given)
    if settings.sink_url is None:
        raise SettingsError("SINK_URL", "set to where KPIs are sent, or given as url=")
    if settings.sink_secret is None:
        raise SettingsError("SINK_SECRET", "set to what signs KPIs, or given as secret=")
    return settings.sink_url, settings.sink_secret


def _said(kpis: Any) -> dict[str, str | None]:
    """Give what a table says of itself: in which money, grain and scope it is."""
    attrs = kpis.attrs if isinstance(kpis, pd.DataFrame) else {}
    return {name: str(attrs[name]) if attrs.get(name) else None for name in _SAID}


def _day(day: str | dt.date) -> str:
    read = as_day("date", day)
    if read is None:
        raise OptionError("date", day, ["a day such as 2025-08-31"])
    return f"{read:%Y-%m-%d}"


def _moment(now: dt.datetime | None) -> dt.datetime:
    """Give the moment of an export in UTC; refuse one whose zone is not known."""
    moment = now or dt.datetime.now(dt.UTC)
    if moment.tzinfo is None:
        raise OptionError("now", moment, ["a datetime with a time zone"])
    return moment.astimezone(dt.UTC)


def _written(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _deliver(
    url: str, body: bytes, headers: Mapping[str, str], secret: SecretStr, client: HttpClient
) -> Answer:
    """Post the body until it is acknowledged, or cannot be."""
    request = Request(url, "POST", body=body, headers=headers)
    rules = AnswerRules(tells_answer=True)
    try:
        with client.exchange(
            name="The receiver", rules=rules, refused="refused the KPIs"
        ) as exchange:
            return exchange.ask(request, lambda answer: answer)
    except SourceError as error:
        hidden = (secret.get_secret_value(), headers["X-Signature"], *_confidential(url))
        answer = _without(error.answer, hidden)[:_TOLD_CHARACTERS]
        said = f"{error} It said: {' '.join(answer.split())}" if answer.strip() else str(error)
        may_pass = isinstance(error, SourceUnavailable)
        refusal = ExportError(said, status=error.status, answer=answer, may_pass=may_pass)
    raise refusal


def _confidential(url: str) -> tuple[str, ...]:
    """Give the parts of an address that nobody else may see."""
    parts = urlsplit(url)
    return (parts.query, parts.password or "")


def _without(text: str, hidden: tuple[str, ...]) -> str:
    """Blot out what a receiver may have echoed."""
    for each in filter(None, hidden):
        text = text.replace(each, "***")
    return text
