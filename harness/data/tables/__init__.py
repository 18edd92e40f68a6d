"""Tables of the user's own: CSV, TSV, JSON and JSON Lines, whatever program wrote them.

from harness.data.tables import read_table, roles

table = read_table(Path("reviews.csv"))
table.columns            name, kind, missing cells and what is odd, of each column
table.texts("review")    list of str
table.numbers("stars")   (N,) float64, NaN where missing
table.times("written")   (N,) datetime64[us], NaT where missing
roles(table).label       the column that looks like a label
"""

from harness.data.tables.reading import read_table
from harness.data.tables.roles import Roles, roles
from harness.data.tables.table import DataColumn, DataTable

__all__ = ["DataColumn", "DataTable", "Roles", "read_table", "roles"]
