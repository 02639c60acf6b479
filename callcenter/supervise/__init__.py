"""The parent: binds the SIP sockets, starts the roles, keeps them running, and knows no calls.

It imports the standard library and two light files of `foundation`, so it is small, starts at once
and has little to die of. When it is killed all the same, the roles go on; started again in the same
folder it adopts them and gets the SIP sockets back from core (`callcenter.supervise.share`).

    parent ── sockets by inheritance ──▶ core      data/run/ROLE.json       who runs, for adoption
       ▲                                  │        data/run/parent.lock     one parent in a folder
       └──── sip-sockets.sock, after ─────┘        data/run/sip-sockets.sock
             the parent's own death                data/log/ROLE.log        what a role says
"""

from callcenter.supervise.parent import Parent
from callcenter.supervise.roles import Role, RoleStatus, status
from callcenter.supervise.sockets import SOCKET_NAME, fetch_sockets, inherited_sockets

__all__ = [
    "SOCKET_NAME",
    "Parent",
    "Role",
    "RoleStatus",
    "fetch_sockets",
    "inherited_sockets",
    "status",
]
