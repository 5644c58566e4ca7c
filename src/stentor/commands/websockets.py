"""The WebSocket side of the HTTP server: frames straight to the transport, and little memory."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from stentor.streaming.websocket import WIRE

#: Seconds between two pings, and how long a pong may take (reliability T58).
PING_SECONDS = 30.0
PONG_SECONDS = 30.0
# Whoever reads nothing more does not see a close frame either: so long, then the line is cut.
CLOSING_SECONDS = 10.0


class StreamProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, and `stentor.streaming.websocket.Wire` to applications that want it."""

    #: More waits in memory than the transport likes.
    choked = False

    def connection_made(self, transport: Any) -> None:
        """Frames go where the transport takes them: one call less for each."""
        super().connection_made(transport)
        self.write = transport.write  # type: ignore[method-assign]  # it does the same

    def handle_connect(self, event: Any) -> None:
        """The request is there: the application is told what this connection can do."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[WIRE] = self

    async def send(self, message: Any) -> None:
        """Sends; the head of an accepted request is not needed any more."""
        await super().send(message)
        if message["type"] == "websocket.accept":
            del self.request, self.response
            self.scope["headers"] = ()

    def write(self, frame: bytes) -> None:
        """Sends a whole frame, or keeps it until the peer reads on."""
        self.transport.write(frame)

    def waiting(self) -> int:
        """How many bytes wait in memory."""
        return self.transport.get_write_buffer_size()

    def hang_up(self, code: int, reason: str) -> None:
        """Sends a close frame; whoever has not answered a while later is cut off."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(CLOSING_SECONDS, self.transport.abort)
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """The transport keeps more than it likes."""
        super().pause_writing()
        self.choked = True

    def resume_writing(self) -> None:
        """The peer reads on."""
        super().resume_writing()
        self.choked = False

    def keepalive_timeout(self) -> None:
        """Nobody has answered a ping: what still waits will not be read."""
        super().keepalive_timeout()
        self.loop.call_later(CLOSING_SECONDS, self.transport.abort)
