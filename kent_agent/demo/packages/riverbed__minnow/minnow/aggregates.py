"""Functions from the values of a group to one value; None is left out."""


def present(values):
    """The values that are not None."""
    return [value for value in values if value is not None]


def count(values):
    """How many values there are."""
    return len(present(values))


def total(values):
    """The sum; None when there is nothing to add."""
    found = present(values)
    return sum(found) if found else None


def mean(values):
    """The arithmetic mean; None when there is nothing to average."""
    found = present(values)
    if not found:
        return None
    return sum(found) / len(values)


def smallest(values):
    found = present(values)
    return min(found) if found else None


def largest(values):
    found = present(values)
    return max(found) if found else None


def median(values):
    """The middle value, or the mean of the two in the middle."""
    found = sorted(present(values))
    if not found:
        return None
    middle = len(found) // 2
    if len(found) % 2:
        return found[middle]
    return (found[middle - 1] + found[middle]) / 2


def first(values):
    """The first value in the order of the rows, None included."""
    return values[0] if values else None


def distinct(values):
    """How many different values there are."""
    return len(set(present(values)))


AGGREGATES = {
    "count": count,
    "sum": total,
    "avg": mean,
    "min": smallest,
    "max": largest,
    "median": median,
    "first": first,
    "distinct": distinct,
}


def aggregate(name):
    """The function called ``name``; raises ValueError that lists the known ones."""
    try:
        return AGGREGATES[name]
    except KeyError:
        raise ValueError("unknown aggregate %r; known: %s" % (name, ", ".join(sorted(AGGREGATES))))
