"""What a cluster reports about a pod, in words for the person concerned: a student who waits for a server.

The cluster's own words name machines, registries and quantities that a student can do nothing about; they stay in the
Hub's log.
"""

SAFE = "Your files are safe."
TELL = "Tell the course staff"
# reason of an event: what the waiting person reads; other events are not shown
EVENTS = {
    "Scheduled": "A machine has room for your workspace.",
    "FailedScheduling": "All machines of the course are full. Your workspace is waiting for room.",
    "TriggeredScaleUp": "Another machine is being started for you. This takes a few minutes.",
    "NotTriggerScaleUp": "All machines of the course are full. Your workspace is waiting for room.",
    "SuccessfulAttachVolume": "Your files are ready.",
    "FailedAttachVolume": "Waiting for your files, which are still attached to another machine.",
    "FailedMount": "Waiting for your files.",
    "Pulling": "The course's software is being copied to the machine. The first time, this takes a minute or two.",
    "Pulled": "The course's software is ready.",
    "Started": "Your workspace is starting.",
}
# why a container waits although more waiting won't help: what is wrong
HOPELESS = {
    "ImagePullBackOff": "the course's software can't be loaded",
    "InvalidImageName": "the name of the course's software is wrong",
    "ErrImageNeverPull": "the course's software is not on the machine",
    "CreateContainerConfigError": "its settings are wrong",
    "CreateContainerError": "the machine refuses it",
    "RunContainerError": "the machine refuses it",
}
# what the last event means for a pod that was too late
TOO_LATE = {
    "FailedScheduling": "all machines of the course are full",
    "NotTriggerScaleUp": "all machines of the course are full",
    "TriggeredScaleUp": "another machine is still being started",
    "FailedAttachVolume": "your files are still attached to another machine",
    "FailedMount": "your files could not be reached",
    "Pulling": "the course's software was still being copied to the machine",
}


def in_words(event: dict) -> str:
    """Return what a waiting person reads about an event of their pod; "" if it does not concern them."""
    return EVENTS.get(event.get("reason", ""), "")


def hopeless_because(pod: dict) -> str:
    """Return why this pod will not become a server, "" while it may."""
    for status in pod.get("status", {}).get("containerStatuses") or []:
        reason = status.get("state", {}).get("waiting", {}).get("reason", "")
        if reason in HOPELESS:
            return (
                f"Your workspace can't start: {HOPELESS[reason]} ({reason}, image {status.get('image')}). {SAFE} "
                f"Trying again won't help. {TELL}, with this line: the operator can fix it."
            )
        if ended := status.get("state", {}).get("terminated"):
            return (
                f"Your workspace stopped while it was starting (exit code {ended.get('exitCode')}). {SAFE} "
                f"Try once more; if it stops again, {TELL.lower()}."
            )
    return ""


def refused_because(status: int | None, said: str) -> str:
    """Return what it means for a student that the cluster's API returned this status, or did not answer."""
    if status == 403 and "quota" in said:
        return f"Your workspace can't start: the course has used up its share of the cluster. {SAFE} {TELL}."
    what = f"the cluster refuses it ({status})" if status else "the cluster does not answer"
    return f"Your workspace can't start: {what}. {SAFE} Try again in a few minutes; if it still fails, {TELL.lower()}."


def why_not_in_time(events: list[dict], seconds: float) -> str:
    """Return why a server did not start in `seconds`, from the last event that explains it."""
    told = [TOO_LATE[event["reason"]] for event in events if event.get("reason") in TOO_LATE]
    reason = f": {told[-1]}" if told else ""
    return (
        f"Your workspace did not start within {seconds:.0f} seconds{reason}. {SAFE} "
        f"Try again in a few minutes; if it still fails, {TELL.lower()}."
    )
