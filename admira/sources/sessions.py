"""Where a redirect may lead: not to another host with what is confidential, nor without a body."""

from typing import Any

import requests

from admira.sources.addresses import host_of, may_follow
from admira.sources.failures import FailedTry, named_status


class FaithfulSession(requests.Session):
    """A session that can be bound to the host of one URL; redirects are sent through it too."""

    faithful_to: str | None = None

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request, unless it leads elsewhere."""
        url = request.url or ""
        if self.faithful_to is not None and not may_follow(self.faithful_to, url):
            raise FailedTry(
                f"it leads to another address, {host_of(url)}, which must not see what is meant "
                "for this one",
                again=False,
                advice="check the address, and ask the other one directly if it is right",
            )
        return super().send(request, **options)

    def rebuild_method(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Refuse a redirect that would ask with ``GET``, and so lose what a ``POST`` carries."""
        before = prepared_request.method
        super().rebuild_method(prepared_request, response)
        if prepared_request.method != before:
            raise FailedTry(
                f"it redirects with {named_status(response.status_code)}, which drops what was "
                f"posted, to {host_of(response.headers.get('Location', ''))}",
                again=False,
                advice="check the address, and ask the one that it leads to if it is right",
            )
