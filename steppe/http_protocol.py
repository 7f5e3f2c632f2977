"""uvicorn's HTTP with an end to the head of a request, and its refusals in problem documents."""

from typing import Final

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from core.errors import SteppeError
from core.problem_http import PROBLEM_JSON, problem_document

HEAD_MOST_BYTES: Final = 65_536
"""Address and headers together. The parser has no bound of its own: a client that sent 2 MB was served."""


class _HeadTooLarge(Exception):
    """Ends the parsing of a request; the parser turns it into its own error."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. A head that is too large is 431, bytes that are no HTTP are 400; both close it."""

    _head_bytes = 0
    _is_in_head = False
    _is_too_large = False

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse a head that does not end."""
        was_in_head = self._is_in_head
        super().data_received(data)
        # the piece in which a head begins may hold the end of another request's body: it is not counted
        self._head_bytes += len(data) if was_in_head else 0
        if self._is_in_head and self._head_bytes > HEAD_MOST_BYTES and not self.transport.is_closing():
            self._is_too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._head_bytes, self._is_in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request unless its head, which may have come in one piece, is too large."""
        self._is_in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_MOST_BYTES:
            self._is_too_large = True
            raise _HeadTooLarge
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - a sentence of uvicorn's
        """Answer what cannot be a request, and close."""
        error = SteppeError("headers-too-large" if self._is_too_large else "malformed-http")
        document = problem_document(error)
        body = msgspec.json.encode(document)
        head = f"content-type: {PROBLEM_JSON}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[document.status] + head.encode() + body)
        self.transport.close()
