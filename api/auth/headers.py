"""Security headers of every answer."""

from __future__ import annotations

from fastapi import FastAPI

_POLICY = {
    "default-src": "'self'",
    # Dash, Mantine and plotly set styles on elements.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


def security_headers(service: FastAPI, https: bool) -> dict[str, str]:
    """The headers. `service.state.script_hashes`: inline scripts of the screens that may run."""
    hashes: tuple[str, ...] = getattr(service.state, "script_hashes", ())
    # The bundled reader of labels is WebAssembly; `eval` of scripts stays forbidden.
    allowed = ["'self'", "'wasm-unsafe-eval'"]
    scripts = " ".join([*allowed, *(f"'{digest.strip(chr(39))}'" for digest in hashes)])
    policy = _POLICY | {"script-src": scripts}
    headers = _ALWAYS | {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items())
    }
    if https:
        headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
    return headers
