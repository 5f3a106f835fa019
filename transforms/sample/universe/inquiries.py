"""The inquiries of the universe, made day by day, and which night delivers which of them."""

from dataclasses import dataclass, fields

import numpy as np

from transforms.sample.universe import clock
from transforms.sample.universe.draw import Ints, Keys, Weighted, generator
from transforms.sample.universe.listings import Maker
from transforms.sample.universe.nights import Night
from transforms.sample.universe.sellers import YEAR, Mask

_DAY = 601  # stream of random numbers
POSITION_BITS = 17  # of an inquiry's key; the day it came on stands above them

NO_COUNTRY, UNKNOWN_COUNTRY = -1, -2
NO_REPLY = -1


@dataclass(frozen=True)
class Inquiries:
    """One element per inquiry. Instants in seconds UTC, `day` is the market's local day."""

    key: Keys
    day: Ints
    seller: Ints
    product: Keys  # 0 for none
    country: Ints  # position among the buyers' countries, NO_COUNTRY or UNKNOWN_COUNTRY
    received: Ints
    replied: Ints  # instant, or NO_REPLY
    is_tm: Mask
    is_spam: Mask
    is_auto: Mask  # the first reply is a machine's
    buyer: Ints  # position among the buyers' names; two buyers may share one
    is_dated: Mask  # the marketplace says when it came

    def __len__(self) -> int:
        return len(self.key)

    def take(self, which: Ints | Mask) -> "Inquiries":
        return Inquiries(*(getattr(self, field.name)[which] for field in fields(self)))


def joined(parts: list[Inquiries]) -> Inquiries:
    return Inquiries(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Inquiries))
    )


class Flow:
    """Makes the inquiries of any day and puts together what a night delivers."""

    def __init__(self, maker: Maker, scale: float, seed: int) -> None:
        self._maker = maker
        self._sellers = maker.sellers
        self._seed = seed
        parameters = maker.parameters
        self._p = parameters.numbers["inquiries"]
        self.delivered_again_days: int = self._p["delivered_again_days"]
        self._ahead = clock.offset_seconds(parameters.time_zone)
        self._countries = Weighted(
            [country["weight"] for country in parameters.words["inquiries"]["countries"]]
        )
        self._people = len(parameters.buyer_names())
        s = parameters.numbers["sellers"]
        self._first = clock.day_number(s["begins"])
        days = np.arange(self._first, clock.day_number(s["ends"]) + 1)
        years = (days - clock.day_number(s["reference"])) / YEAR
        months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        # How many come on a day is the step of a running total, not a throw of dice: few
        # inquiries a day would else look like broken deliveries.
        a_day = (
            scale
            * s["paid"]
            * (1 + s["growth"]) ** years
            * self._p["per_paid_seller"]
            / YEAR
            * (1 + self._p["growth"]) ** years
            * np.array(self._p["months"])[months]
            * np.array(self._p["weekdays"])[(days + 3) % 7]  # 1970 began on a Thursday
        )
        self._total = np.floor(np.concatenate([[0.0], np.cumsum(a_day)])).astype(np.int64)

    def on(self, day: int) -> Inquiries:
        """All inquiries received on one local day."""
        place = day - self._first
        return self.some(day, int(self._total[place + 1] - self._total[place]))

    def some(self, day: int, count: int, among: Ints | None = None) -> Inquiries:
        """So many inquiries received on one local day by sellers that paid on it (by those of
        them named in `among`); none if nobody did."""
        p = self._p
        rng = generator(self._seed, _DAY, day)
        is_paid = self._sellers.paid_on(day)
        paid = np.flatnonzero(is_paid) if among is None else among[is_paid[among]]
        n = count if len(paid) else 0
        chance = Weighted(self._sellers.weight[paid] + 0.3) if n else Weighted([1.0])
        seller = paid[chance.pick(rng.random(n))]
        month = clock.month_of(day) - 1
        product = self._maker.a_product_of(seller, month, rng.random(n))
        product[rng.random(n) < p["no_product"]] = 0
        received = day * clock.DAY - self._ahead + rng.integers(0, clock.DAY, n)
        hours = p["reply_median_hours"] * np.exp(p["reply_sigma"] * rng.standard_normal(n))
        is_replied = rng.random(n) < p["replied"]
        country = self._countries.pick(rng.random(n))
        strange = rng.random(n)
        country[strange < p["no_country"] + p["unknown_country"]] = UNKNOWN_COUNTRY
        country[strange < p["no_country"]] = NO_COUNTRY
        is_tm, is_spam = rng.random(n) < p["tm"], rng.random(n) < p["spam"]
        is_dated = rng.random(n) >= p["unknown_date"]
        is_auto = rng.random(n) < p["auto_reply"]
        buyer = rng.integers(0, self._people, n)
        # Now and then a buyer writes to the same seller again within the day.
        again = rng.random(n) < p["same_buyer_again"]
        one = np.maximum.accumulate(np.where(again, 0, np.arange(n)))
        return Inquiries(
            key=(np.uint64(day) << np.uint64(POSITION_BITS)) + np.arange(n, dtype=np.uint64),
            day=np.full(n, day),
            seller=seller[one],
            product=product[one],
            country=country[one],
            received=received,
            replied=np.where(is_replied, received + (hours * 3600).astype(np.int64), NO_REPLY),
            is_tm=is_tm,
            is_spam=is_spam,
            is_auto=is_auto,
            buyer=buyer[one],
            is_dated=is_dated,
        )

    def reply_day(self, inquiries: Inquiries) -> Ints:
        """Local day of the first reply; NO_REPLY for none."""
        day = (inquiries.replied + self._ahead) // clock.DAY
        return np.where(inquiries.replied == NO_REPLY, NO_REPLY, day)


class Deliveries:
    """What each night delivers. `opens` is the first day whose inquiries any night delivers."""

    def __init__(self, flow: Flow, opens: int) -> None:
        self._flow = flow
        self._opens = opens
        self._days: dict[int, Inquiries] = {}

    def of(self, night: Night) -> Inquiries:
        """New inquiries of the night's window, and older ones whose reply came in it."""
        oldest = max(night.window_from - self._flow.delivered_again_days, self._opens)
        days = range(oldest, night.number + 1)
        self._days = {d: self._days[d] if d in self._days else self._flow.on(d) for d in days}
        parts = []
        for day, inquiries in self._days.items():
            if day < night.window_from:
                replied = self._flow.reply_day(inquiries)
                in_window = (night.window_from <= replied) & (replied <= night.number)
                inquiries = inquiries.take(in_window)
            parts.append(inquiries)
        return joined(parts)
