"""Volumes of students' homes, each with the semester's `limits.home` where that is possible.

Two ways, one of them chosen by `docker.homes`:
- without it, volumes of the engine, which limits their size if its data is on XFS with project quotas (`pquota`);
- with a folder, each home is a separate file there with a file system in it, on any kind of disk.

Promises: a full home affects only its owner; a home is never made smaller, emptied or replaced. A volume
whose file is not attached (after a restart of the machine) can't be used until `open_homes` has run.
"""

from dataclasses import dataclass

from hub_config.checks import NotReady
from hub_config.docker.host import engine, on_host, student_image
from hub_config.settings import Settings

LINKS = "/run/tinytorch-homes"  # empty after a restart of the machine, when numbers of loop devices mean something else

# Finds or makes the file of a home, attaches it and gives the device a name that stays. $1 folder, $2 name, $3 MiB
ATTACH = f"""
attach() {{
  image=$1/$2.img
  if [ ! -e "$image" ]; then
    truncate -s "$3M" "$image.new"
    mkfs.ext4 -q -F -m 0 -E root_owner=1000:1000 "$image.new"
    debugfs -w -R 'rmdir lost+found' "$image.new" 2>/dev/null
    mv "$image.new" "$image"
  fi
  device=$(losetup --noheadings --output NAME --associated "$image" | head -n 1)
  [ -n "$device" ] || device=$(losetup --find --show "$image")
  ln -sfn "$device" "{LINKS}/$2"
  if [ "$(stat -c %s "$image")" -lt $(($3 * 1048576)) ]; then grow "$@"; fi
}}
grow() {{  # a home in use is grown at a later start
  if e2fsck -fp "$device" >/dev/null 2>&1 || [ $? = 1 ]; then
    truncate -s "$3M" "$image"
    losetup --set-capacity "$device"
    resize2fs "$device" >/dev/null 2>&1
    debugfs -w -R 'rmdir lost+found' "$device" 2>/dev/null
  fi
}}
for program in losetup mkfs.ext4 resize2fs debugfs; do
  command -v $program >/dev/null || {{ echo "$program is missing: apt-get install -y e2fsprogs mount" >&2; exit 1; }}
done
umask 077
mkdir -p "$1" {LINKS}
"""
MAKE = f'{ATTACH}\nattach "$@"\n'
OPEN = f"""{ATTACH}
folder=$1 prefix=$2 mib=$3 count=0
for image in "$folder/$prefix"*.img; do
  [ -e "$image" ] || continue
  attach "$folder" "$(basename "$image" .img)" "$mib"
  count=$((count + 1))
done
echo $count $(df --output=size,avail --block-size=1M "$folder" | tail -n 1)
"""


@dataclass(frozen=True)
class Homes:
    """How homes are made: the prefix of their names, their size, and the folder of their files if there is one."""

    prefix: str
    size_mib: int
    folder: str | None
    image: str

    def make(self, volume: str) -> None:
        """Make a home's volume if it does not exist; raise NotReady if that fails."""
        from docker.errors import APIError

        client = engine()
        if any(found.name == volume for found in client.volumes.list(filters={"name": volume})):
            return
        if self.folder:
            on_host(self.image, MAKE, self.folder, volume, str(self.size_mib))
            options = {"type": "ext4", "device": f"{LINKS}/{volume}", "o": "nosuid,nodev,discard"}
            client.volumes.create(volume, driver="local", driver_opts=options)
            return
        try:
            client.volumes.create(volume, driver="local", driver_opts=self.size_option)
        except APIError as error:
            if not says_no_quota(error):
                raise
            client.volumes.create(volume)

    @property
    def size_option(self) -> dict[str, str]:
        return {"size": f"{self.size_mib}M"}


def homes_of(settings: Settings) -> Homes:
    """Return how a place's homes are made."""
    folder = str(settings.docker.homes) if settings.docker.homes else None
    return Homes(f"{settings.container_prefix}-home-", settings.limits.home_mib, folder, student_image(settings))


def open_homes(settings: Settings) -> list[str]:
    """Make all homes usable; return warnings for the operator about limits that can't be enforced."""
    homes = homes_of(settings)
    if not homes.folder:
        return _try_quota(homes) or _made_otherwise(homes)
    count, total, free = map(int, on_host(homes.image, OPEN, homes.folder, homes.prefix, str(homes.size_mib)).split())
    notices = _made_otherwise(homes)
    if count * homes.size_mib > total:
        notices.append(
            f"{count} homes of {homes.size_mib} MB each need more than the {total} MB under {homes.folder} "
            f"({free} MB are free).\n"
            "    When it is full, writing fails for everybody: add space, or lower limits.home."
        )
    return notices


def _try_quota(homes: Homes) -> list[str]:
    """Ask the engine for a volume with a limit, and delete it again."""
    from docker.errors import APIError

    try:
        engine().volumes.create(f"{homes.prefix}:probe".replace(":", "."), driver_opts=homes.size_option).remove()
    except APIError as error:
        return [
            f"limits.home ({homes.size_mib} MB) can't be enforced, so a student can fill the disk of all homes: "
            f"{error.explanation}.\n"
            "    Keep each home in a separate file: HUB_DOCKER__HOMES=/srv/homes; or put the engine's data on XFS "
            "mounted with pquota."
        ]
    return []


def _made_otherwise(homes: Homes) -> list[str]:
    """Name homes that were made in a different way: they stay as they are."""
    wanted = "device" if homes.folder else "size"
    there = [volume for volume in engine().volumes.list() if volume.name.startswith(homes.prefix)]
    others = [volume.name for volume in there if wanted not in (volume.attrs["Options"] or {})]
    if not others:
        return []
    return [
        f"These homes were made without a limit and stay without: {', '.join(sorted(others))}.\n"
        "    Restoring a backup into new volumes gives them one."
    ]


def says_no_quota(error: Exception) -> bool:
    """Tell whether the engine refused the limit and not the volume: it has no quotas here, or does not know them."""
    words = str(error).lower()
    return "quota" in words or 'invalid option: "size"' in words or 'invalid option key: "size"' in words


def check_new(settings: Settings, names: list[str]) -> None:
    """Refuse to make homes whose files already exist: they contain somebody's work."""
    homes = homes_of(settings)
    if not homes.folder or not names:
        return
    script = 'folder=$1; shift; for name; do [ ! -e "$folder/$name.img" ] || echo "$folder/$name.img"; done'
    there = on_host(homes.image, script, homes.folder, *(homes.prefix + name for name in names)).split()
    if there:
        raise NotReady(f"These files of homes already exist: {', '.join(there)}. Move them away.")
