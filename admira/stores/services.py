"""What a service that works like S3 is told in a URL, and what its answers mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from admira.errors import StoreError

MISSING = frozenset({"404", "NoSuchKey"})
UNMET = frozenset({"409", "412", "ConditionalRequestConflict", "PreconditionFailed"})
_PARAMETERS = ("endpoint_override", "region", "scheme")

_REFUSED = frozenset(
    {
        "401",
        "403",
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidSecurity",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)
_ELSEWHERE = frozenset(
    {
        "301",
        "307",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)


@dataclass(frozen=True, slots=True)
class Address:
    """What the URL of a store on S3 says."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read a URL."""
        place, _, query = url.partition("?")
        scheme, _, path = place.partition("://")
        bucket, _, prefix = path.partition("/")
        if scheme != "s3" or not bucket:
            raise StoreError(
                "The URL of a store should read s3://bucket/prefix; found another kind of URL. "
                "Correct it, or give the path of a folder."
            )
        if "@" in bucket:
            raise StoreError(
                "The URL of a store on S3 holds credentials, which end up in logs. Leave them "
                "out, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile."
            )
        prefix = prefix.strip("/")
        given = dict(parse_qsl(query))
        if not given.keys() <= set(_PARAMETERS):
            raise StoreError(
                f"The URL of s3://{bucket}/{prefix} has a parameter that is not understood; "
                f"expected only {', '.join(_PARAMETERS)}. Correct it."
            )
        endpoint = given.get("endpoint_override")
        if endpoint is not None and "://" not in endpoint:
            endpoint = f"{given.get('scheme', 'https')}://{endpoint}"
        return cls(bucket, prefix, endpoint, given.get("region"))


UNCONDITIONAL = (
    "the service does not honour If-None-Match and If-Match on a PUT, which keep two writers "
    "apart. Use S3 itself, or a service that does."
)


def reason_of(error: Exception, bucket: str) -> str:
    """Say why a request failed and what to do; never with the service's own words."""
    code = code_of(error)
    if code == "NoSuchBucket":
        return f"there is no bucket {bucket!r}. Create it, or correct the URL."
    if code in _REFUSED:
        return (
            f"the credentials were refused ({code}). Check that they are current, and that they "
            "allow s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there."
        )
    if code in _ELSEWHERE:
        return f"the bucket is in another region ({code}). Add ?region= to the URL."
    if code in {"501", "NotImplemented"}:
        return UNCONDITIONAL
    if code:
        return (
            f"the service answered {code}. Run again if that passes; what else it can mean is in "
            "S3's list of error codes."
        )
    return _reason_without_answer(error)


def _reason_without_answer(error: Exception) -> str:
    """Say why a request did not get as far as an answer."""
    from botocore import exceptions as broken

    unknown = (
        broken.NoCredentialsError,
        broken.PartialCredentialsError,
        broken.CredentialRetrievalError,
        broken.ProfileNotFound,
        broken.SSOError,
    )
    if isinstance(error, unknown):
        return (
            "no usable AWS credentials were found. Set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or a profile."
        )
    if isinstance(error, (ValueError, broken.ValidationError, broken.ParamValidationError)):
        return "the bucket's name, region or endpoint is not valid. Correct the URL."
    return (
        "the service could not be reached, or broke off. Check the network and the URL's "
        "endpoint_override, then run again."
    )


def code_of(error: BaseException) -> str:
    """Give the code with which the service answered; s3fs wraps the error that holds it."""
    for each in (error, error.__cause__):
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
    return ""


def etag_of(about: Mapping[str, Any]) -> str:
    """Give the ETag in an answer, without its quotes."""
    return str(about["ETag"]).strip('"')


def age_seconds(answer: Mapping[str, Any]) -> float:
    """Give how long ago an object was written, by the service's clock alone."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return float((now - answer["LastModified"]).total_seconds())


def new_session() -> Any:
    """Make a session of its own credentials, without parsing the API's description anew."""
    from aiobotocore.session import AioSession

    session = AioSession()
    session.register_component("data_loader", _description())
    return session


@cache
def _description() -> Any:
    """Give what botocore knows about the API, which takes most of a session's time to read."""
    from botocore.loaders import create_loader

    return create_loader()
