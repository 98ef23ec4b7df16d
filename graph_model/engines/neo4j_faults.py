"""What went wrong on a Neo4j server, in words that say what to do.

Codes: https://neo4j.com/docs/status-codes/current/errors/all-errors/. A failure to connect has no
code; its cause tells a certificate from a server that is not there.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

from graph_model.errors import EngineError

BY_CODE: dict[str, str] = {
    "Neo.ClientError.Security.Unauthorized": "neo4j_wrong_password",
    "Neo.ClientError.Security.AuthenticationRateLimit": "neo4j_login_blocked",
    "Neo.ClientError.Security.CredentialsExpired": "neo4j_password_expired",
    "Neo.ClientError.Security.Forbidden": "neo4j_not_allowed",
    "Neo.ClientError.Database.DatabaseNotFound": "neo4j_no_database",
    "Neo.TransientError.Database.DatabaseUnavailable": "neo4j_database_stopped",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase": "neo4j_read_only",
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase": "neo4j_read_only",
    "Neo.ClientError.Statement.AccessMode": "neo4j_read_only",
    "Neo.ClientError.Cluster.NotALeader": "neo4j_no_leader",
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": "neo4j_memory",
    "Neo.TransientError.General.TransactionOutOfMemoryError": "neo4j_memory",
    "Neo.TransientError.General.OutOfMemoryError": "neo4j_memory",
    "Neo.ClientError.Transaction.TransactionTimedOut": "neo4j_timeout",
    "Neo.TransientError.Transaction": "neo4j_deadlock",
}
"""Beginning of a server's code, and our error."""

BY_KIND: dict[str, str] = {
    "AuthConfigurationError": "neo4j_wrong_password",
    "ConfigurationError": "neo4j_bad_address",
    "UnsupportedServerProduct": "neo4j_too_old",
    "WriteServiceUnavailable": "neo4j_no_leader",
    "ServiceUnavailable": "neo4j_no_server",
    "SessionExpired": "neo4j_no_server",
    "IncompleteCommit": "neo4j_no_server",
    "ConnectionAcquisitionTimeoutError": "neo4j_too_busy",
}
"""Class of an error that has no code, and our error; the first in order of the classes."""

CERTIFICATE_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""


def explain(error: BaseException, **place: Any) -> EngineError:
    """Our error for one of the driver; `place` has uri, database, user, seconds."""
    detail = str(getattr(error, "message", None) or error)
    return EngineError(_code(error), detail=detail, **place)


def _code(error: BaseException) -> str:
    told = str(getattr(error, "code", None) or "")
    for beginning, code in BY_CODE.items():
        if told.startswith(beginning):
            return code
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            expired = cause.verify_code == CERTIFICATE_EXPIRED
            return "neo4j_certificate_expired" if expired else "neo4j_certificate"
        if isinstance(cause, ssl.SSLError):
            return "neo4j_no_tls"
    for kind in type(error).__mro__:
        if kind.__name__ in BY_KIND:
            return BY_KIND[kind.__name__]
    return "graph_no_answer"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
