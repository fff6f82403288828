"""What the sample shop sells, to whom, and which taxes it knows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random

TaxRates = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleProduct:
    """One variant; `id` is None for a custom line that somebody typed in."""

    id: int | None
    title: str
    variant: str | None
    sku: str | None
    price: Decimal
    taxable: bool = True
    gift_card: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """A person with an address."""

    id: int
    first_name: str
    last_name: str
    email: str
    street: str
    city: str
    province: str
    postal_code: str

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


def _product(number: int, title: str, variant: str | None, sku: str | None, price: str) -> SampleProduct:
    return SampleProduct(id=7_400_000_000_000 + number, title=title, variant=variant, sku=sku, price=Decimal(price))


PRODUCTS: tuple[SampleProduct, ...] = (
    _product(1, "Walnut cutting board", "Large", "WCB-L", "64.00"),
    _product(2, "Walnut cutting board", "Small", "WCB-S", "38.50"),
    _product(3, "Stoneware mug", "Blue", "MUG-BL", "17.95"),
    _product(4, "Stoneware mug", "Sand", "MUG-SA", "17.95"),
    _product(5, "Linen apron", None, "APR-01", "49.00"),
    _product(6, "Beeswax wraps, set of three", None, "WRAP-3", "21.25"),
    _product(7, "Chef's knife 20 cm", None, "KNF-20", "129.99"),
    _product(8, 'Cast-iron pan 10"', None, "PAN-10", "74.49"),
    _product(9, "Tea: Earl Grey: 100 g", None, "TEA-EG", "9.99"),
    _product(10, "Crème brûlée set", None, "CRB-4", "33.33"),
    _product(11, "Wooden spoon", None, None, "6.75"),
    _product(12, "Gift wrapping", None, "", "4.00"),
    _product(13, "Recipe cards", "A5", None, "12.10"),
    _product(14, "Salt cellar", None, "SALT-1", "0.99"),
)

GIFT_CARDS: tuple[SampleProduct, ...] = tuple(
    SampleProduct(
        id=7_500_000_000_000 + value, title="Gift card", variant=f"${value}.00", sku=None, price=Decimal(value),
        taxable=False, gift_card=True,
    )
    for value in (25, 50, 100)
)  # fmt: skip

CUSTOM_TITLES = ("Engraving", "Custom table, deposit", "Express handling")

TAXES: tuple[TaxRates, ...] = (
    (("California State Tax", Decimal("0.0725")), ("Los Angeles County Tax", Decimal("0.0225"))),
    (("New York State Tax", Decimal("0.04")),),
    (("Washington State Tax", Decimal("0.065")), ("Seattle City Tax", Decimal("0.0385"))),
    (),
)
VALUE_ADDED_TAX: TaxRates = (("VAT", Decimal("0.2")),)

SHIPPING: tuple[tuple[str, Decimal], ...] = (
    ("Standard", Decimal("5.95")),
    ("Express", Decimal("14.90")),
    ("Free shipping", Decimal("0.00")),
)

_FIRST = (
    "Ada Bertrand Chloé Dmitri Élodie Femi Grace Hiro Ingrid José Kwame Lena Mei Noah Olga Priya Quentin Rosa".split()
)
_LAST = (
    "Abara Baker O'Brien Castillo Dupont Eriksson Fischer García Huang Ivanov Jensen Kowalski Lindqvist Møller".split()
)
_PLACES = (
    ("Los Angeles", "California", "90013"),
    ("New York", "New York", "10012"),
    ("Seattle", "Washington", "98101"),
    ("Portland", "Oregon", "97205"),
)


def buyers(chance: Random, count: int) -> tuple[Buyer, ...]:
    """So many different people; two may share a name, as in life, but never an address for letters or e-mail."""
    people = []
    for index in range(count):
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        city, province, postal_code = chance.choice(_PLACES)
        plain = "".join(letter for letter in f"{first}.{last}".lower() if letter.isascii() and letter != "'")
        people.append(
            Buyer(
                id=6_100_000_000_000 + index,
                first_name=first,
                last_name=last,
                email=f"{plain}.{index}@example.com",
                street=f"{10 + index} Main Street",
                city=city,
                province=province,
                postal_code=postal_code,
            )
        )
    return tuple(people)
