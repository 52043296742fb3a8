"""Give up for the rest of this process's life what student code doesn't need: privileges, processes, sockets.

This is a second wall inside the sandbox, the same for bubblewrap and containers: an unprivileged user, limits on
processor time, address space and files, and a seccomp filter.
"""

import ctypes
import errno
import os
import platform
import resource
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
CAPABILITY_VERSION = 0x20080522
ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSE = 0x00050000 | errno.EPERM
ABSENT = 0x00050000 | errno.ENOSYS
LOAD_WORD, EQUAL, ANY_BIT, GREATER_EQUAL, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
CLONE_THREAD = 0x00010000
CALL_NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data

# The last calls in each list allocate memory that is in no address space and no /tmp: no process limit bounds it.
# architecture: (audit number, {system call: number}); from the kernel's tables
MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "clone": 56, "clone3": 435, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "socket": 41,
            "socketpair": 53, "connect": 42, "ptrace": 101, "mount": 165, "umount2": 166, "pivot_root": 155,
            "unshare": 272, "setns": 308, "keyctl": 250, "add_key": 248, "request_key": 249, "bpf": 321,
            "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "process_vm_readv": 310,
            "process_vm_writev": 311, "kill": 62, "tkill": 200, "pidfd_open": 434, "pidfd_send_signal": 424,
            "open_by_handle_at": 304, "name_to_handle_at": 303, "shmget": 29, "msgget": 68, "semget": 64,
            "setpriority": 141, "sched_setparam": 142, "sched_setscheduler": 144, "sched_setattr": 314,
            "memfd_create": 319, "memfd_secret": 447, "mq_open": 240, "inotify_init": 253, "inotify_init1": 294,
            "fanotify_init": 300, "landlock_create_ruleset": 444,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "clone": 220, "clone3": 435, "execve": 221, "execveat": 281, "socket": 198, "socketpair": 199,
            "connect": 203, "ptrace": 117, "mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97, "setns": 268,
            "keyctl": 219, "add_key": 217, "request_key": 218, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
            "io_uring_setup": 425, "process_vm_readv": 270, "process_vm_writev": 271, "kill": 129, "tkill": 130,
            "pidfd_open": 434, "pidfd_send_signal": 424, "open_by_handle_at": 265, "name_to_handle_at": 264,
            "shmget": 194, "msgget": 186, "semget": 190,
            "setpriority": 140, "sched_setparam": 118, "sched_setscheduler": 119, "sched_setattr": 274,
            "memfd_create": 279, "memfd_secret": 447, "mq_open": 180, "inotify_init1": 26, "fanotify_init": 262,
            "landlock_create_ruleset": 444,
        },
    ),
}  # fmt: skip
X32_CALLS = 0x40000000  # x86_64's second numbering, which would get around the list


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def become_user(number: int) -> None:
    """Change to an unprivileged user and group; there is no way back."""
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
    _drop_capabilities()


def _drop_capabilities() -> None:
    """Clear the capabilities that could be inherited; changing the user clears those in effect."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, nothing = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "the kernel does not let the worker give up its capabilities")


def limit_resources(*, cpu_seconds: int, address_space_bytes: int, file_bytes: int, open_files: int = 64) -> None:
    """Set this process's hard limits."""
    for kind, value in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, address_space_bytes),
        (resource.RLIMIT_DATA, address_space_bytes),  # else it would inherit the judge's own
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(kind, (value, value))


def forbid_processes() -> None:
    """Refuse the calls in MACHINES from now on, in all later threads; OSError if that is impossible."""
    machine = platform.machine()
    if machine not in MACHINES:
        raise OSError(f"this machine is {machine}, and student code can be confined only on {', '.join(MACHINES)}")
    code = filter_program(*MACHINES[machine])
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "the kernel refuses the seccomp filter that grading needs")


def filter_program(architecture: int, calls: dict[str, int]) -> bytes:
    """Return the filter in the kernel's classic BPF: a sequence of 8-byte instructions."""
    refused = [number for name, number in calls.items() if name not in ("clone", "clone3")]
    program = [
        _instruction(LOAD_WORD, ARCHITECTURE),
        _instruction(EQUAL, architecture, 1, 0),
        _instruction(RETURN, KILL),
        _instruction(LOAD_WORD, CALL_NUMBER),
        _instruction(GREATER_EQUAL, X32_CALLS, 0, 1),
        _instruction(RETURN, KILL),
        # glibc tries clone3 first and falls back to clone, whose flags a filter can see: threads are allowed.
        _instruction(EQUAL, calls["clone3"], 0, 1),
        _instruction(RETURN, ABSENT),
        _instruction(EQUAL, calls["clone"], 0, 4),
        _instruction(LOAD_WORD, FIRST_ARGUMENT),
        _instruction(ANY_BIT, CLONE_THREAD, 0, 1),
        _instruction(RETURN, ALLOW),
        _instruction(RETURN, REFUSE),
    ]
    for number in refused:
        program += [_instruction(EQUAL, number, 0, 1), _instruction(RETURN, REFUSE)]
    program.append(_instruction(RETURN, ALLOW))
    return b"".join(program)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)
