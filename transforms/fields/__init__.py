"""One parser per kind of value: text in, typed value out, or Unreadable with a short reason.

A parser sees one text that is neither absent nor a null token and has its blanks and Unicode form
made even (`text.even`). It is pure: the same text gives the same value, whatever is around it.
"""


class Unreadable(ValueError):
    """The text is not a value of this kind; the message is the reason counted in the receipt."""
