"""What lists are asked with: values that every calendar and every database can count with."""

from datetime import date
from typing import Annotated

from pydantic import Field

CalendarDay = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2999, 12, 31))]
"A day in the centre's time zone. Midnights of the calendar's very first and last days overflow."
MONTH = r"^(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])$"
Offset = Annotated[int, Field(ge=0, le=2**31 - 1)]
"Of a page in its list."
