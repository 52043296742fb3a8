"""What a cluster says of a pod, in the words of whom it concerns: a student who waits for a server.

The cluster's own words name machines, registries and quantities that a student can do nothing about; they stay in the
Hub's log.
"""

SAFE = "Your files are safe."
TELL = "Tell the course staff"
# reason of an event: what the waiting person reads; of others they read nothing
EVENTS = {
    "Scheduled": "There is room for your workspace.",
    "FailedScheduling": "All machines of the course are full. Your workspace waits for room.",
    "TriggeredScaleUp": "Another machine is being started for you. This takes some minutes.",
    "NotTriggerScaleUp": "All machines of the course are full. Your workspace waits for room.",
    "SuccessfulAttachVolume": "Your files are at hand.",
    "FailedAttachVolume": "Waiting for your files, which another machine still holds.",
    "FailedMount": "Waiting for your files.",
    "Pulling": "The course's software is being brought to the machine. The first time this takes a minute or two.",
    "Pulled": "The course's software is there.",
    "Started": "Your workspace is starting.",
}
# why a container waits, where waiting longer helps nobody: what is wrong
HOPELESS = {
    "ImagePullBackOff": "the course's software can't be loaded",
    "InvalidImageName": "the name of the course's software is wrong",
    "ErrImageNeverPull": "the course's software is not on the machine",
    "CreateContainerConfigError": "its settings are wrong",
    "CreateContainerError": "the machine refuses it",
    "RunContainerError": "the machine refuses it",
}
# what the last event of a pod that came too late says
TOO_LATE = {
    "FailedScheduling": "all machines of the course are full",
    "NotTriggerScaleUp": "all machines of the course are full",
    "TriggeredScaleUp": "another machine is still being started",
    "FailedAttachVolume": "your files are still held by another machine",
    "FailedMount": "your files could not be reached",
    "Pulling": "the course's software was still being brought to the machine",
}


def in_words(event: dict) -> str:
    """Return what a waiting person reads of an event of their pod; nothing where it does not concern them."""
    return EVENTS.get(event.get("reason", ""), "")


def hopeless_because(pod: dict) -> str:
    """Return why no server will come of this pod, nothing while one may."""
    for status in pod.get("status", {}).get("containerStatuses") or []:
        reason = status.get("state", {}).get("waiting", {}).get("reason", "")
        if reason in HOPELESS:
            return (
                f"Your workspace can't start: {HOPELESS[reason]} ({reason}, image {status.get('image')}). {SAFE} "
                f"Trying again won't help. {TELL}, with this line: the operator can mend it."
            )
        if ended := status.get("state", {}).get("terminated"):
            return (
                f"Your workspace ended while it started (exit code {ended.get('exitCode')}). {SAFE} "
                f"Try once more; if it ends again, {TELL.lower()}."
            )
    return ""


def refused_because(status: int | None, said: str) -> str:
    """Return what it means for a student that the cluster's API gave this status, or none at all."""
    if status == 403 and "quota" in said:
        return f"Your workspace can't start: the course has used up its share of the cluster. {SAFE} {TELL}."
    what = f"the cluster refuses it ({status})" if status else "the cluster does not answer"
    return f"Your workspace can't start: {what}. {SAFE} Try again in a few minutes; if it stays so, {TELL.lower()}."


def why_not_in_time(events: list[dict], seconds: float) -> str:
    """Return why a server did not come in `seconds`, by the last event that tells."""
    told = [TOO_LATE[event["reason"]] for event in events if event.get("reason") in TOO_LATE]
    reason = f": {told[-1]}" if told else ""
    return (
        f"Your workspace did not start within {seconds:.0f} seconds{reason}. {SAFE} "
        f"Try again in a few minutes; if it stays so, {TELL.lower()}."
    )
