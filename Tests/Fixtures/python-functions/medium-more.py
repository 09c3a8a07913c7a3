# task pyf-063
def password_problems(password):
    checks = [
        ("short", len(password) < 8), ("no-digit", not any(c.isdigit() for c in password)),
        ("no-capital", not any(c.isupper() for c in password)), ("space", " " in password),
    ]
    return [name for name, is_problem in checks if is_problem]
# wrong: eight is short
def password_problems(password):
    checks = [
        ("short", len(password) <= 8), ("no-digit", not any(c.isdigit() for c in password)),
        ("no-capital", not any(c.isupper() for c in password)), ("space", " " in password),
    ]
    return [name for name, is_problem in checks if is_problem]
# wrong: any white space
def password_problems(password):
    checks = [
        ("short", len(password) < 8), ("no-digit", not any(c.isdigit() for c in password)),
        ("no-capital", not any(c.isupper() for c in password)), ("space", any(c.isspace() for c in password)),
    ]
    return [name for name, is_problem in checks if is_problem]
# wrong: the first problem only
def password_problems(password):
    if len(password) < 8: return ["short"]
    if not any(c.isdigit() for c in password): return ["no-digit"]
    if not any(c.isupper() for c in password): return ["no-capital"]
    return ["space"] if " " in password else []
# wrong: all must be capitals
def password_problems(password):
    checks = [
        ("short", len(password) < 8), ("no-digit", not any(c.isdigit() for c in password)),
        ("no-capital", not password.isupper()), ("space", " " in password),
    ]
    return [name for name, is_problem in checks if is_problem]

# task pyf-064
def until_alarm(now, alarms):
    def minutes(text): return int(text[:2]) * 60 + int(text[3:])
    return min(((minutes(alarm) - minutes(now)) % 1440 for alarm in alarms), default=-1)
# wrong: today only
def until_alarm(now, alarms):
    def minutes(text): return int(text[:2]) * 60 + int(text[3:])
    return min((minutes(a) - minutes(now) for a in alarms if a >= now), default=-1)
# wrong: not now
def until_alarm(now, alarms):
    def minutes(text): return int(text[:2]) * 60 + int(text[3:])
    return min(((minutes(a) - minutes(now) - 1) % 1440 + 1 for a in alarms), default=-1)
# wrong: the first of the list
def until_alarm(now, alarms):
    def minutes(text): return int(text[:2]) * 60 + int(text[3:])
    return (minutes(alarms[0]) - minutes(now)) % 1440 if alarms else -1
# wrong: nearest on either side
def until_alarm(now, alarms):
    def minutes(text): return int(text[:2]) * 60 + int(text[3:])
    return min((abs(minutes(a) - minutes(now)) for a in alarms), default=-1)
# wrong: the earliest of the next day
def until_alarm(now, alarms):
    def minutes(text): return int(text[:2]) * 60 + int(text[3:])
    if not alarms: return -1
    later = [a for a in alarms if a >= now]
    return minutes(min(later)) - minutes(now) if later else 1440 - minutes(now)

# task pyf-065
def poll_winner(votes): return min(votes, key=lambda vote: (-votes.count(vote), vote), default="")
# wrong: the first of several
def poll_winner(votes): return max(votes, key=votes.count, default="")
# wrong: the last of the alphabet
def poll_winner(votes): return max(votes, key=lambda vote: (votes.count(vote), vote), default="")
# wrong: the first of the alphabet
def poll_winner(votes): return min(votes, default="")
# wrong: nothing without votes
def poll_winner(votes): return min(votes, key=lambda vote: (-votes.count(vote), vote), default=None)
# wrong: the fewest
def poll_winner(votes): return min(votes, key=lambda vote: (votes.count(vote), vote), default="")

# task pyf-066
def riffle(first, second):
    result = []
    for i in range(max(len(first), len(second))): result += first[i:i + 1] + second[i:i + 1]
    return result
# wrong: the rest is lost
def riffle(first, second): return [item for pair in zip(first, second) for item in pair]
# wrong: one after the other
def riffle(first, second): return first + second
# wrong: the second first
def riffle(first, second):
    result = []
    for i in range(max(len(first), len(second))): result += second[i:i + 1] + first[i:i + 1]
    return result
# wrong: gaps are filled
def riffle(first, second):
    import itertools
    return [item for pair in itertools.zip_longest(first, second) for item in pair]
# wrong: sorted
def riffle(first, second): return sorted(first + second)

# task pyf-067
def places(points): return [1 + sum(other > mine for other in points) for mine in points]
# wrong: no place is skipped
def places(points): return [1 + len({other for other in points if other > mine}) for mine in points]
# wrong: the fewest first
def places(points): return [1 + sum(other < mine for other in points) for mine in points]
# wrong: ties in order
def places(points):
    order = sorted(range(len(points)), key=lambda i: -points[i])
    return [order.index(i) + 1 for i in range(len(points))]
# wrong: the last place of a tie
def places(points): return [sum(other >= mine for other in points) for mine in points]
# wrong: from zero
def places(points): return [sum(other > mine for other in points) for mine in points]

# task pyf-068
def month_rows(first_weekday, days):
    cells = [0] * first_weekday + list(range(1, days + 1))
    cells += [0] * (-len(cells) % 7)
    return [cells[i:i + 7] for i in range(0, len(cells), 7)]
# wrong: the last week is short
def month_rows(first_weekday, days):
    cells = [0] * first_weekday + list(range(1, days + 1))
    return [cells[i:i + 7] for i in range(0, len(cells), 7)]
# wrong: an empty week
def month_rows(first_weekday, days):
    cells = [0] * first_weekday + list(range(1, days + 1))
    cells += [0] * (7 - len(cells) % 7)
    return [cells[i:i + 7] for i in range(0, len(cells), 7)]
# wrong: one weekday later
def month_rows(first_weekday, days):
    cells = [0] * ((first_weekday + 1) % 7) + list(range(1, days + 1))
    cells += [0] * (-len(cells) % 7)
    return [cells[i:i + 7] for i in range(0, len(cells), 7)]
# wrong: always six weeks
def month_rows(first_weekday, days):
    cells = ([0] * first_weekday + list(range(1, days + 1)) + [0] * 42)[:42]
    return [cells[i:i + 7] for i in range(0, 42, 7)]
# wrong: five weeks at most
def month_rows(first_weekday, days):
    cells = [0] * first_weekday + list(range(1, days + 1))
    cells += [0] * (-len(cells) % 7)
    return [cells[i:i + 7] for i in range(0, len(cells), 7)][:5]

# task pyf-069
def longest_stripe(number):
    digits = bin(number)[2:]
    best = run = 1
    for a, b in zip(digits, digits[1:]):
        run = run + 1 if a != b else 1
        best = max(best, run)
    return best
# wrong: pairs instead of digits
def longest_stripe(number):
    digits = bin(number)[2:]
    best = run = 0
    for a, b in zip(digits, digits[1:]):
        run = run + 1 if a != b else 0
        best = max(best, run)
    return best
# wrong: all changes
def longest_stripe(number):
    digits = bin(number)[2:]
    return 1 + sum(a != b for a, b in zip(digits, digits[1:]))
# wrong: equal digits
def longest_stripe(number):
    digits = bin(number)[2:]
    best = run = 1
    for a, b in zip(digits, digits[1:]):
        run = run + 1 if a == b else 1
        best = max(best, run)
    return best
# wrong: decimal digits
def longest_stripe(number):
    digits = str(number)
    best = run = 1
    for a, b in zip(digits, digits[1:]):
        run = run + 1 if a != b else 1
        best = max(best, run)
    return best
# wrong: the last stretch
def longest_stripe(number):
    digits = bin(number)[2:]
    run = 1
    for a, b in zip(digits, digits[1:]): run = run + 1 if a != b else 1
    return run

# task pyf-070
def nearest_seat(row, wanted):
    free = [i for i, seat in enumerate(row) if seat == "."]
    return min(free, key=lambda i: (abs(i - wanted), i), default=-1)
# wrong: the right one
def nearest_seat(row, wanted):
    free = [i for i, seat in enumerate(row) if seat == "."]
    return min(free, key=lambda i: (abs(i - wanted), -i), default=-1)
# wrong: the first free
def nearest_seat(row, wanted): return row.find(".")
# wrong: from there on
def nearest_seat(row, wanted): return row.find(".", wanted)
# wrong: the distance
def nearest_seat(row, wanted):
    free = [i for i, seat in enumerate(row) if seat == "."]
    return min((abs(i - wanted) for i in free), default=-1)
# wrong: another than the wanted one
def nearest_seat(row, wanted):
    free = [i for i, seat in enumerate(row) if seat == "." and i != wanted]
    return min(free, key=lambda i: (abs(i - wanted), i), default=-1)
