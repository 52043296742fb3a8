"""What a kernel says reaches the browser at once.

An answer is several small messages (busy, result, reply, idle). TCP holds the second back until the first is
acknowledged, and the other side acknowledges late, hoping to send something along: 40 ms for each cell that is run.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's connection that waits for no acknowledgement."""

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()
