"""Errors of aiohttp, turned into failures of an attempt."""

import contextlib
from collections.abc import Iterator

import aiohttp

from judge.errors import BackendError
from judge.scoring.backends.api.errors import Failed, brief, redact
from judge.scoring.backends.api.providers import Endpoint


@contextlib.contextmanager
def http_faults(endpoint: Endpoint, timeout: aiohttp.ClientTimeout) -> Iterator[None]:
    """Turn every error of aiohttp within the block into `Failed` or `BackendError`.

    Parameters
    ----------
    endpoint : Endpoint
        The endpoint, for messages.
    timeout : aiohttp.ClientTimeout
        Time limits of the session, for messages.
    """
    try:
        yield
    except aiohttp.ConnectionTimeoutError:
        late = redact(f"{endpoint.base}: no connection within {timeout.sock_connect:g} s")
        raise Failed("connection", late, again=True) from None
    except TimeoutError:
        late = f"no reply within {timeout.total or timeout.sock_read:g} s"
        raise Failed("timeout", late, again=True, answered=False) from None
    except aiohttp.ClientConnectorCertificateError as error:
        raise BackendError(
            redact(
                f"{endpoint.where}: the server's certificate is not trusted ({brief(str(error))}). "
                "If it is your own server, set SSL_CERT_FILE to the file of its certificate authority"
            )
        ) from None
    except aiohttp.InvalidURL:
        raise BackendError(f"{endpoint.where}: not a valid address; check api_base (--api-base)") from None
    except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
        raise _half_read(error, endpoint) from None
    except (aiohttp.ClientError, OSError) as error:
        sent = not isinstance(error, aiohttp.ClientConnectorError)
        raise Failed("connection", _broken(error, endpoint), again=True, answered=not sent) from None


def _half_read(error: Exception, endpoint: Endpoint) -> Failed:
    """Classify an error that occurred while a reply was being received."""
    if "content-encoding" in str(error):
        return Failed("reply", f"the reply cannot be unpacked: {brief(str(error))}", again=True)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Failed("server", f"the reply was interrupted: {brief(str(error))}", again=True)
    return Failed("connection", _broken(error, endpoint), again=True)  # not HTTP


def _broken(error: Exception, endpoint: Endpoint) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return brief(f"{endpoint.base}: {said}")
