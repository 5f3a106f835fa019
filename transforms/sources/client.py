"""A client of an S3-compatible store, by boto3: how it connects, how patient it is, what it says.

Sources and the lake use it. Nothing is connected until it is first asked.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import boto3
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from transforms.sources.address import Address, shown
from transforms.sources.source import Interrupted, Limits, in_time, tried

# It tells where it found its credentials, at every run.
logging.getLogger("botocore").setLevel(logging.ERROR)

ABSENT = ("404", "NoSuchKey", "NotFound")
BUSY = ("SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling")
EXPIRED = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired")  # answered with 400
MET = "ConditionalRequestConflict"  # with another request, which does not say that it came too late
CONNECTIONS = 16

T = TypeVar("T")


class Client:
    """The client of one bucket, which `setting` names; `out_of_reach` makes the error, of why and
    what to do."""

    def __init__(
        self,
        address: Address,
        limits: Limits,
        setting: str,
        out_of_reach: Callable[[str, str], Exception],
    ) -> None:
        self.address, self.limits, self.setting = address, limits, setting
        self.out_of_reach = out_of_reach
        self._made: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": None}

    @property
    def s3(self) -> Any:
        """boto3's client; every method but `ask` is called within `told`."""
        if self._made is None:
            address = self.address.with_login()
            endpoint = address.options.get("endpoint_url")
            is_elsewhere = endpoint or os.environ.keys() & {
                "AWS_ENDPOINT_URL",
                "AWS_ENDPOINT_URL_S3",
            }
            self._made = boto3.session.Session().client(
                "s3",
                endpoint_url=endpoint,
                region_name=address.options.get("region_name"),
                aws_access_key_id=address.user,
                aws_secret_access_key=address.password,
                verify=address.options.get("ca_file"),
                config=Config(
                    connect_timeout=self.limits.connect,
                    read_timeout=self.limits.read,
                    max_pool_connections=CONNECTIONS,
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path"} if is_elsewhere else {},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        return self._made

    def store(self) -> str:
        """Which store and bucket it is, without anything secret."""
        with self.told():
            about = self.s3.meta
            return f"{self.address} at {shown(about.endpoint_url)} in {about.region_name}"

    def ask(self, question: Callable[[], T], seconds: float | None = None) -> T:
        """The answer, asked for again with growing pauses while the store is interrupted. A try may
        take that many seconds, if not all that the limits allow."""

        def attempt() -> T:
            with self.told():
                return in_time(min(seconds or self.limits.whole, self.limits.whole), question)

        return tried(self.limits, attempt, self.out_of_reach)

    def pages(self, prefix: str, delimiter: str = "") -> list[Any]:
        """The pages of a listing."""
        asked = {"Bucket": self.address.host, "Prefix": prefix, "Delimiter": delimiter}
        return self.ask(lambda: list(self.s3.get_paginator("list_objects_v2").paginate(**asked)))

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raises Interrupted where another try may help, and its own error where it will not."""
        try:
            yield
        except ClientError as error:
            self._tell(error)
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError):
            remedy = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a connection."
            raise self.out_of_reach("no access key was given for it", remedy) from None
        except exceptions.SSLError:
            name = "SOURCE" if self.setting == "OUTLOOK_EXPORTS" else self.setting[8:]
            remedy = f"Set OUTLOOK_{name}_CA_FILE if its authority is your own."
            raise self.out_of_reach("its certificate is not trusted", remedy) from None
        except (exceptions.ParamValidationError, ValueError, exceptions.NoRegionError) as error:
            why = "the bucket, the endpoint or the region is not well formed"
            remedy = f"Correct {self.setting} or its connection ({type(error).__name__})."
            raise self.out_of_reach(why, remedy) from None
        except BotoCoreError as error:
            raise Interrupted(_words(error)) from None

    def _tell(self, error: ClientError) -> None:
        code = code_of(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= 500 or status == 429 or code.startswith((*BUSY, MET)):
            raise Interrupted(f"it answered {status or code}") from None
        if code == "NoSuchBucket" or (status == 404 and code in ABSENT):
            remedy = f"Correct the bucket in {self.setting}."
            raise self.out_of_reach("there is no such bucket", remedy) from None
        if status in (401, 403) or code in EXPIRED:
            may = "list and read"
            if self.setting != "OUTLOOK_EXPORTS":
                may = "list, read, write and delete in"
            remedy = f"Check the key, and that it may {may} the bucket."
            raise self.out_of_reach(f"it refused the access key ({code})", remedy) from None
        raise self.out_of_reach(f"it answered {status} {code}", "Check the bucket.") from None


def code_of(error: ClientError) -> str:
    """S3's own name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def etag_of(found: Any) -> str | None:
    """The tag of an object's bytes, in whatever answer tells it."""
    return str(found.get("ETag") or "").strip('"') or None


def _words(error: BotoCoreError) -> str:
    if isinstance(error, exceptions.ConnectTimeoutError | exceptions.ReadTimeoutError):
        return "it did not answer in time"
    if isinstance(error, exceptions.EndpointConnectionError):
        return "nobody listens there, or its host name is not known"
    return "the connection broke off"
