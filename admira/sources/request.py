"""What is asked of an API and what it answers, each as one value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

from requests.auth import AuthBase

from admira.errors import OptionError
from admira.sources.addresses import has_credentials, label_of

Method = Literal["GET", "POST"]

_PLACEHOLDER = re.compile(r"\{(since|until|last)\}")


class Answer(NamedTuple):
    """The body of a good answer, whole and decompressed, and what the server says of it."""

    body: bytes
    content_type: str
    url: str = ""
    headers: Mapping[str, str] = MappingProxyType({})
    status: int = 200


@dataclass(frozen=True, repr=False)
class Request:
    """One request to an API; what it shows of itself holds no secret.

    Texts may hold ``{since}``, ``{until}`` and ``{last}``: the window's first day, the day after
    its last, and its last day, for APIs that count both ends in.  `filled` puts the days there.

    Parameters
    ----------
    url : str
        An ``http`` or ``https`` address.
    method : str, default "GET"
        ``"GET"`` or ``"POST"``.  Either may be asked again: it only reads, or carries a key by
        which the other side knows that it has it already.
    params : mapping of str to str, optional
        Added to the address as its query.
    json : object, optional
        The body, sent as JSON.
    form : mapping of str to str, optional
        The body, sent as the fields of a form.
    body : bytes, optional
        The body, sent as it is; ``headers`` say what it is.
    headers : mapping of str to str, optional
        What the platform wants beside the credentials: ``developer-token``, ``LinkedIn-Version``…
    auth : AuthBase, optional
        One of `admira.sources.auth`, or of any library for requests.

    Raises
    ------
    OptionError
        When the method is another one.

    Examples
    --------
    >>> Request("https://api.example.com/ads?token=secret", params={"since": "{since}"})
    Request(GET https://api.example.com/ads)
    """

    url: str
    method: Method = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: AuthBase | None = None

    def __post_init__(self) -> None:
        """Refuse a method that does more than read."""
        if self.method not in get_args(Method):
            raise OptionError("method", self.method, get_args(Method))

    def __repr__(self) -> str:
        """Show the method and the address without its query."""
        return f"Request({self.method} {label_of(self.url)})"

    @property
    def is_confidential(self) -> bool:
        """Whether it carries something that only the host it is meant for may see."""
        carried = (self.auth, self.json, self.form, self.body)
        return bool(self.headers) or any(carried) or has_credentials(self.url)

    def filled(self, since: date | None, until: date | None) -> "Request":
        """Give the request with the days of a window in the place of its placeholders.

        Raises
        ------
        OptionError
            When a placeholder asks for a day that the window leaves open.

        Examples
        --------
        >>> request = Request("https://api.example.com", json={"days": ["{since}", "{last}"]})
        >>> request.filled(date(2025, 8, 1), date(2025, 9, 1)).json
        {'days': ['2025-08-01', '2025-08-31']}
        """
        days = {"since": since, "until": until, "last": until and until - timedelta(days=1)}

        def written(match: re.Match[str]) -> str:
            day = days[match[1]]
            if day is None:
                option = "since" if match[1] == "since" else "until"
                raise OptionError(option, None, [f"a day, because the request holds {match[0]}"])
            return day.isoformat()

        def fill(text: str) -> str:
            return _PLACEHOLDER.sub(written, text)

        return replace(
            self,
            url=fill(self.url),
            params=_with_each_text(self.params, fill),
            json=_with_each_text(self.json, fill),
        )

    def has_param(self, name: str) -> bool:
        """Tell whether the request says something under this name already."""
        if self._puts_params_into_body:
            return name in self.json
        return name in self.params or name in dict(_query_of(self.url))

    def with_param(self, name: str, value: str | int) -> "Request":
        """Give the request with this parameter, in place of one of its name.

        It goes into the JSON body of a ``POST``, else into the query.

        Examples
        --------
        >>> request = Request("https://api.example.com/deals?start=0&limit=50")
        >>> request.with_param("start", 50).url
        'https://api.example.com/deals?limit=50&start=50'
        """
        if self._puts_params_into_body:
            return replace(self, json={**self.json, name: value})
        others = {key: text for key, text in self.params.items() if key != name}
        query = [*((key, text) for key, text in _query_of(self.url) if key != name)]
        address = urlsplit(self.url)._replace(query=urlencode([*query, (name, value)]))
        return replace(self, url=address.geturl(), params=others)

    @property
    def _puts_params_into_body(self) -> bool:
        return self.method == "POST" and isinstance(self.json, Mapping)


def _query_of(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def _with_each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Give a JSON value with every text in it changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _with_each_text(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_each_text(inner, change) for inner in value]
    return value
