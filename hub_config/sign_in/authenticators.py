"""Passwords for one machine: generated ones, or one shared by all.

People whom the Hub knows have a password in `var/secrets/passwords.json`; the semester service decides whom it knows.
Nobody can sign up, and a removed person's password is removed too.
"""

import hmac
from pathlib import Path

from jupyterhub.auth import Authenticator
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from traitlets import Unicode

from hub_config.secret_files import new_password, read_passwords, write_passwords
from hub_config.sign_in.named import NamedByRule


class GeneratedPasswords(NamedByRule, Authenticator):
    """Compare with a file of generated passwords."""

    secrets_folder = Unicode(help="Folder of passwords.json").tag(config=True)

    async def authenticate(self, handler, data):
        """Return the name if the password is right, else None; takes as long for a name that does not exist."""
        name = self.normalize_username(data["username"])
        wanted = read_passwords(Path(self.secrets_folder)).get(name)
        given = data["password"].strip().encode()
        matches = hmac.compare_digest(given, (wanted or new_password()).encode())
        return name if matches and wanted else None

    def add_user(self, user):
        """Give a new person a password."""
        super().add_user(user)
        folder = Path(self.secrets_folder)
        passwords = read_passwords(folder)
        if user.name not in passwords:
            write_passwords(folder, passwords | {user.name: new_password()})

    def delete_user(self, user):
        """Forget a removed person's password."""
        super().delete_user(user)
        folder = Path(self.secrets_folder)
        passwords = read_passwords(folder)
        if passwords.pop(user.name, None):
            write_passwords(folder, passwords)


class SharedPassword(NamedByRule, SharedPasswordAuthenticator):
    """Accept one password for all."""
