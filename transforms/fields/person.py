"""People: keyed hashes, which show that two rows are of one person without showing who."""

import hmac
import re

import phonenumbers

from transforms.fields import Unreadable


def person_key(text: str, key: bytes) -> str:
    """Keyed hash of a name, ignoring case; `0` and `...` are not names."""
    if not re.search(r"[^\W0_]", text):
        raise Unreadable("not a name")
    return _keyed(text.casefold(), key)


def phone_key(text: str, region: str, key: bytes) -> str:
    """Keyed hash of the E.164 number; the marketplace keeps the trunk zero (`92-052-3551234`)."""
    # Only where it stands apart is a country code without its sign one.
    apart = "-" in text or " " in text
    for form in (text, _without_trunk_zero(text)) if apart else (text,):
        try:
            number = phonenumbers.parse(form, region)
        except phonenumbers.NumberParseException:
            continue
        # What looks like an extension is a second number.
        if phonenumbers.is_valid_number(number) and not number.extension:
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return _keyed(e164, key)
    raise Unreadable("not a telephone number")


def _without_trunk_zero(text: str) -> str:
    code, _, rest = text.removeprefix("+").partition("-")
    return f"+{code}{rest.replace('-', '').removeprefix('0')}"


def _keyed(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), "sha256").hexdigest()
