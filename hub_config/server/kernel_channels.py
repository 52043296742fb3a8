"""Send a kernel's messages to the browser immediately.

An answer is several small messages (busy, result, reply, idle). TCP holds the second back until the first is
acknowledged, and the other side delays that, hoping to send data with it: 40 ms for each cell that is run.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's connection that does not wait for acknowledgements."""

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()
