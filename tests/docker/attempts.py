"""Programs with which a student tries to get out of their container or into another student's."""

# Attempts to leave the container: each is tried, and must be refused or find nothing.
ATTEMPTS = """
import ctypes, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
IPV4, ARP = 0x0800, 0x0806

def raw(family, kind, protocol):
    socket.socket(family, kind, protocol).close()

def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

def new_address():
    route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    ask = struct.pack("=BBBBI", socket.AF_INET6, 64, 0, 0, socket.if_nametoindex("eth0"))
    ask += struct.pack("=HH", 20, 2) + socket.inet_pton(socket.AF_INET6, "fe80::66")
    route.send(struct.pack("=IHHII", 16 + len(ask), 20, 5 | 0x400, 1, 0) + ask)
    code = -struct.unpack_from("=i", route.recv(4096), 16)[0]
    if code:
        raise OSError(code, os.strerror(code))

def promiscuous():
    import fcntl
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"eth0", 0x1143))

tries = {
    "forged IP packets": lambda: raw(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
    "forged IPv6 packets": lambda: raw(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
    "forged ARP answers": lambda: raw(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)),
    "listening to the bridge": lambda: raw(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4)),
    "an address more": new_address,
    "a network card that hears all": promiscuous,
    "a user namespace": lambda: call(libc.unshare(0x10000000)),
    "a mount": lambda: call(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
    "another root": lambda: os.chroot("/tmp"),
    "a device": lambda: os.mknod("/tmp/disk", 0o600 | 0o060000, os.makedev(7, 0)),
    "root's uid": lambda: os.setuid(0),
    "kernel programs": lambda: call(libc.syscall(321, 0, None, 0)),
    "kernel modules": lambda: call(libc.syscall(175, None, 0, b"")),
    "the kernel's keys": lambda: call(libc.syscall(250, 0, -3, 0, 0, 0)),
    "the kernel's log": lambda: open("/dev/kmsg").read(1),
    "the machine's memory": lambda: open("/proc/kcore", "rb").read(1)[0],
    "the machine's switches": lambda: open("/proc/sysrq-trigger", "w"),
    "settings of the kernel": lambda: open("/proc/sys/kernel/core_pattern", "w"),
    "control groups": lambda: os.mkdir("/sys/fs/cgroup/pids/mine"),
    "to be the last to go": lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-500"),
}
for name, attempt in tries.items():
    child = os.fork()  # what one attempt gains, the next has not
    if child == 0:
        try:
            attempt()
            os._exit(0)
        except (OSError, IndexError):
            os._exit(1)
    print("done:" if os.waitpid(child, 0)[1] == 0 else "refused:", name, flush=True)
print("tried", len(tries))
"""


WAITING = """
import os, socket
name = "tinytorch-" + "{word}"
if os.fork() == 0:
    os.setsid()
    server = socket.socket(socket.AF_UNIX)
    server.bind("\\0" + name)
    server.listen()
    with open("/dev/shm/" + name, "w") as file:
        file.write(name)
    import time
    time.sleep(60)
    os._exit(0)
"""
LOOKING = """
import os, socket
name = "tinytorch-" + "{word}"
print("shared memory:", os.path.exists("/dev/shm/" + name))
try:
    socket.socket(socket.AF_UNIX).connect("\\0" + name)
    print("socket: True")
except OSError:
    print("socket: False")
"""
