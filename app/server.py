"""What `snrbench app` starts: Streamlit's server, whose pages are told where it answers.

A page of Streamlit looks for its server below its own address first. Below /compare there is none, so every deep link
would put two errors into the browser's console before the page finds it at the root.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGES = ("compare", "lab", "tuning", "runs", "transfer", "guide")
"""Addresses of the pages beside the first one: the names of their scripts."""
HEAD = b"<head>"
TOLD = (
    "<script>window.__streamlit = {BACKEND_BASE_URL:"
    f' location.origin + location.pathname.replace(/\\/({"|".join(PAGES)})?\\/*$/, "")}}</script>'
).encode()
UNWANTED = {b"accept-encoding", b"if-none-match", b"if-modified-since"}
"""Request headers that would bring anything but the whole page as text."""
OUTDATED = {b"content-length", b"etag", b"last-modified"}


class Located:
    """Adds the server's address to every HTML page; an ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_page(scope["path"]):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def gathered(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            whole = body.replace(HEAD, HEAD + TOLD, 1)
            kept = [one for one in start["headers"] if one[0].lower() not in OUTDATED]
            await send({**start, "headers": [*kept, (b"content-length", str(len(whole)).encode())]})
            await send({"type": "http.response.body", "body": whole if scope["method"] != "HEAD" else b""})

        asked = [one for one in scope["headers"] if one[0].lower() not in UNWANTED]
        await self.app({**scope, "headers": asked}, receive, gathered)


def _is_page(path: str) -> bool:
    return path.rstrip("/").rpartition("/")[2] in ("", *PAGES)


app = st.App(Path(__file__).with_name("main.py"), middleware=[Middleware(Located)])
