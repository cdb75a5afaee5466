"""Credentials for an API, put on each request and shown by none of them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from admira.errors import SourceRejected
from admira.sources.addresses import host_of
from admira.sources.request import Request

# A token is replaced when so much of its life is left, but never more than a tenth of it.
_MARGIN_SECONDS = 60.0


@dataclass(frozen=True)
class Bearer(AuthBase):
    """A token in the ``Authorization`` header: Meta, LinkedIn, HubSpot, Salesforce.

    Parameters
    ----------
    token : str
        The token, without the word ``Bearer``.

    Examples
    --------
    >>> Bearer("secret")
    Bearer()
    """

    token: str = field(repr=False)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the token on a request."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@dataclass(frozen=True)
class HeaderKey(AuthBase):
    """A key in a header of its own: TikTok's ``Access-Token``, Pipedrive's ``x-api-token``.

    Parameters
    ----------
    name, value : str
        The header and the key.

    Examples
    --------
    >>> HeaderKey("Access-Token", "secret")
    HeaderKey(name='Access-Token')
    """

    name: str
    value: str = field(repr=False)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the key on a request."""
        request.headers[self.name] = self.value
        return request


@dataclass(frozen=True)
class QueryKey(AuthBase):
    """A key in the query: Meta's ``access_token``, Pipedrive's ``api_token``.

    A next link that brings the key along keeps its own.

    Parameters
    ----------
    name, value : str
        The parameter and the key.

    Examples
    --------
    >>> QueryKey("api_token", "secret")
    QueryKey(name='api_token')
    """

    name: str
    value: str = field(repr=False)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the key on a request."""
        url = request.url or ""
        if self.name not in dict(parse_qsl(urlsplit(url).query)):
            request.prepare_url(url, {self.name: self.value})
        return request


@dataclass(frozen=True)
class Basic(AuthBase):
    """A user and a password, also with characters outside Latin-1.

    Parameters
    ----------
    user, password : str
        As the platform gave them.

    Examples
    --------
    >>> Basic("api", "secret")
    Basic(user='api')
    """

    user: str
    password: str = field(repr=False)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put user and password on a request."""
        return HTTPBasicAuth(self.user.encode(), self.password.encode())(request)


class _Held:
    """The token that is held now, for all threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.header: str | None = None
        self.refresh_token: str | None = None
        self.ends: float | None = None

    def is_good(self) -> bool:
        return self.header is not None and (self.ends is None or monotonic() < self.ends)


class _OAuth2(AuthBase):
    """A token that is fetched once, held until it ends, and replaced when it is refused.

    Forty lines rather than a library: two grants are one small form each, and they go out by
    the same client as everything else, with its time-outs, pace and silence.
    """

    token_url: str
    client_id: str
    client_secret: str
    client_auth: Literal["body", "basic"]
    _held: _Held

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the token that is held on a request."""
        if self._held.header is not None:
            request.headers["Authorization"] = self._held.header
        return request

    def prepare(self, ask_json: Callable[[Request], Any]) -> None:
        """Fetch a token, unless a good one is held."""
        with self._held.lock:
            if not self._held.is_good():
                self._fetch(ask_json)

    def renew(self, ask_json: Callable[[Request], Any], refused: str | None) -> None:
        """Fetch a token in place of one that was refused, unless another thread just did."""
        with self._held.lock:
            if self._held.header in {None, refused}:
                self._fetch(ask_json)

    def _grant(self) -> dict[str, str]:
        """Give the fields that say by what right a token is asked for."""
        raise NotImplementedError

    def _fetch(self, ask_json: Callable[[Request], Any]) -> None:
        form, auth = self._grant(), None
        if self.client_auth == "basic":
            auth = Basic(self.client_id, self.client_secret)
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        answer = ask_json(Request(self.token_url, "POST", form=form, auth=auth))
        token = answer.get("access_token") if isinstance(answer, Mapping) else None
        if not isinstance(token, str) or not token:
            raise SourceRejected(
                f"The token address cannot be read: its answer holds no access_token "
                f"({host_of(self.token_url)}); check token_url."
            )
        self._held.header = f"Bearer {token}"
        self._held.ends = _end_of(answer.get("expires_in"))
        self._held.refresh_token = answer.get("refresh_token") or self._held.refresh_token


@dataclass(frozen=True)
class OAuth2ClientCredentials(_OAuth2):
    """Tokens that an application gets in its own name: Reddit, Salesforce.

    Parameters
    ----------
    token_url : str
        Where tokens are asked for.
    client_id, client_secret : str
        The application's own credentials.
    scope : str, optional
        What the tokens are to be good for.
    client_auth : str, default "body"
        Whether the application shows itself in the ``"body"`` or by ``"basic"`` (Reddit,
        Pinterest, Pipedrive).

    Examples
    --------
    >>> OAuth2ClientCredentials("https://login.example.com/token", "my-app", "secret")
    OAuth2ClientCredentials(token_url='https://login.example.com/token', client_id='my-app',
                            scope='', client_auth='body')
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    client_auth: Literal["body", "basic"] = "body"
    _held: _Held = field(default_factory=_Held, init=False, repr=False, compare=False)

    def _grant(self) -> dict[str, str]:
        scope = {"scope": self.scope} if self.scope else {}
        return {"grant_type": "client_credentials", **scope}


@dataclass(frozen=True)
class OAuth2RefreshToken(_OAuth2):
    """Tokens that an application gets for a user who once agreed: Google, Microsoft.

    A platform that replaces the refresh token with each use has the new one used from then on,
    as long as this object lives.

    Parameters
    ----------
    token_url : str
        Where tokens are asked for.
    client_id, client_secret : str
        The application's own credentials.
    refresh_token : str
        What stands for the user's agreement.
    client_auth : str, default "body"
        Whether the application shows itself in the ``"body"`` or by ``"basic"`` (Reddit,
        Pinterest, Pipedrive).

    Examples
    --------
    >>> OAuth2RefreshToken("https://login.example.com/token", "my-app", "secret", "secret too")
    OAuth2RefreshToken(token_url='https://login.example.com/token', client_id='my-app',
                       client_auth='body')
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    client_auth: Literal["body", "basic"] = "body"
    _held: _Held = field(default_factory=_Held, init=False, repr=False, compare=False)

    def _grant(self) -> dict[str, str]:
        refresh_token = self._held.refresh_token or self.refresh_token
        return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def _end_of(expires_in: Any) -> float | None:
    """Give the moment at which a token is to be replaced; ``None`` when nobody says."""
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        return None
    return monotonic() + seconds - min(_MARGIN_SECONDS, seconds / 10)
