"""Core's Unix socket: typed requests, and the journal as a live stream.

@dataclass(frozen=True, slots=True)
class PauseAgent(Request[AgentView]):
    agent_id: AgentId

server = await Server.listen(path, {PauseAgent: pause_agent}, journal)      # core
client = await connect_with_retry(path, codec)                              # web
view = await client.ask(PauseAgent(AgentId("eva")))
"""

from foundation.ipc.client import Client, connect_with_retry
from foundation.ipc.messages import Request, WrongVersion
from foundation.ipc.server import Handler, Server

__all__ = ["Client", "Handler", "Request", "Server", "WrongVersion", "connect_with_retry"]
