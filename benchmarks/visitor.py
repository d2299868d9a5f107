"""A visitor of the dashboard without a browser, by the messages that Streamlit's page sends.

It keeps what the server draws as a browser does: by the place of each element on the page.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any, Self

from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

BOUNDARY = "a-file-of-a-visitor"
_PATIENCE_S = 300.0
_MOST_BYTES = 2**28


class Visitor:
    """One who has opened the dashboard's first page; a context that closes the connection."""

    def __init__(self, port: int, token: str) -> None:
        """Come in by the server's link.

        Raises:
            ConnectionError: The server lets nobody in by this link.
        """
        self._port = port
        self._cookies: dict[str, str] = {}
        self._request("GET", f"/?token={token}")
        self._request("GET", "/_stcore/health")
        xsrf = self._cookies.get("_streamlit_xsrf", "")
        self._socket = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            origin=Origin(f"http://127.0.0.1:{port}"),
            subprotocols=[Subprotocol("streamlit"), Subprotocol(xsrf)],
            additional_headers={"Cookie": self._cookie_header},
            max_size=_MOST_BYTES,
            open_timeout=_PATIENCE_S,
        )
        self._known: dict[str, Any] = {}
        self._session_id = self._page = ""
        self._elements: dict[tuple[int, ...], Any] = {}
        self._run(())

    def __enter__(self) -> Self:
        """It is connected already."""
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def upload(self, name: str, data: bytes) -> str:
        """Give a file to the page's uploader, and answer with all that the page then says."""
        from streamlit.proto.Common_pb2 import UploadedFileInfo
        from streamlit.proto.WidgetStates_pb2 import WidgetState

        message = _back_message()
        message.file_urls_request.request_id = uuid.uuid4().hex
        message.file_urls_request.session_id = self._session_id
        message.file_urls_request.file_names.append(name)
        self._socket.send(message.SerializeToString())
        for answer in self._messages():
            if answer.WhichOneof("type") == "file_urls_response":
                break
        urls = answer.file_urls_response.file_urls[0]
        self._put(urls.upload_url, name, data)
        state = WidgetState(id=self._uploader_id())
        state.file_uploader_state_value.uploaded_file_info.append(
            UploadedFileInfo(file_id=urls.file_id, name=name, size=len(data), file_urls=urls)
        )
        self._run((state,))
        return self.text

    @property
    def text(self) -> str:
        """All words of the page, in the order of their places."""
        said = []
        for _, element in sorted(self._elements.items()):
            kind = element.WhichOneof("type")
            body = getattr(element, kind) if kind else None
            words = getattr(body, "body", None) or getattr(body, "label", None)
            if isinstance(words, str):
                said.append(words)
        return "\n".join(said)

    def _uploader_id(self) -> str:
        for element in self._elements.values():
            if element.WhichOneof("type") == "file_uploader":
                return str(element.file_uploader.id)
        raise LookupError("The page has no uploader. Does this server show the dashboard?")

    def _run(self, states: tuple[Any, ...]) -> None:
        """Have the page run with these widgets set, until it is drawn."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        message = _back_message()
        message.rerun_script.query_string = ""
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.widget_states.widgets.extend(states)
        self._socket.send(message.SerializeToString())
        begun = False
        for answer in self._messages():
            kind = answer.WhichOneof("type")
            if kind == "new_session":
                begun = True
                self._elements = {}
                self._session_id = answer.new_session.initialize.session_id
                self._page = answer.new_session.page_script_hash
            elif kind == "delta":
                self._draw(answer)
            elif kind == "script_finished" and begun:
                again = ForwardMsg.FINISHED_EARLY_FOR_RERUN
                if answer.script_finished != again:
                    return

    def _draw(self, answer: Any) -> None:
        place = tuple(answer.metadata.delta_path)
        deeper = [each for each in self._elements if each[: len(place)] == place]
        for each in deeper:
            del self._elements[each]
        if answer.delta.WhichOneof("type") == "new_element":
            self._elements[place] = answer.delta.new_element

    def _messages(self) -> Iterator[Any]:
        """What the server sends, until the caller stops; messages that it knows by hash in full.

        Raises:
            TimeoutError: Nothing came for five minutes.
        """
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        deadline = time.monotonic() + _PATIENCE_S
        while True:
            data = self._socket.recv(timeout=max(0.0, deadline - time.monotonic()))
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            if message.WhichOneof("type") == "ref_hash":
                known = ForwardMsg()
                known.CopyFrom(self._known[message.ref_hash])
                known.metadata.CopyFrom(message.metadata)
                message = known
            elif message.hash:
                self._known[message.hash] = message
            yield message

    def _put(self, url: str, name: str, data: bytes) -> None:
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
        self._request("PUT", url, body)

    def _request(self, method: str, path: str, body: bytes | None = None) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_S)
        headers = {"Cookie": self._cookie_header}
        if body is not None:
            headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
            headers["Origin"] = f"http://127.0.0.1:{self._port}"
            headers["X-Xsrftoken"] = self._cookies.get("_streamlit_xsrf", "")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise ConnectionError(f"The server answered {answer.status} to {method} {path[:40]}.")
        for line in answer.headers.get_all("set-cookie") or ():
            self._cookies |= {key: each.value for key, each in SimpleCookie(line).items()}

    @property
    def _cookie_header(self) -> str:
        return "; ".join(f"{key}={value}" for key, value in self._cookies.items())


def _back_message() -> Any:
    from streamlit.proto.BackMsg_pb2 import BackMsg

    return BackMsg()
