# task pyf-042
def clock_after(hour, minute, passed):
    total = (hour * 60 + minute + passed) % 1440
    return f"{total // 60:02d}:{total % 60:02d}"
# wrong: no new day
def clock_after(hour, minute, passed):
    total = hour * 60 + minute + passed
    return f"{total // 60:02d}:{total % 60:02d}"
# wrong: one digit
def clock_after(hour, minute, passed):
    total = (hour * 60 + minute + passed) % 1440
    return f"{total // 60}:{total % 60:02d}"
# wrong: one hour at most
def clock_after(hour, minute, passed):
    minute += passed
    if minute >= 60: hour, minute = (hour + 1) % 24, minute - 60
    return f"{hour:02d}:{minute:02d}"
# wrong: twelve hours
def clock_after(hour, minute, passed):
    total = (hour * 60 + minute + passed) % 720
    return f"{total // 60:02d}:{total % 60:02d}"

# task pyf-043
def crossings(cars, places): return -(-cars // places)
# wrong: rounded down
def crossings(cars, places): return cars // places
# wrong: always one more
def crossings(cars, places): return cars // places + 1
# wrong: rounded
def crossings(cars, places): return round(cars / places)
# wrong: at least one
def crossings(cars, places): return max(1, -(-cars // places))

# task pyf-044
def longest_quiet(levels, limit):
    best = run = 0
    for level in levels:
        run = run + 1 if level <= limit else 0
        best = max(best, run)
    return best
# wrong: below the limit
def longest_quiet(levels, limit):
    best = run = 0
    for level in levels:
        run = run + 1 if level < limit else 0
        best = max(best, run)
    return best
# wrong: all quiet levels
def longest_quiet(levels, limit): return sum(level <= limit for level in levels)
# wrong: the last run is forgotten
def longest_quiet(levels, limit):
    best = run = 0
    for level in levels:
        if level <= limit: run += 1
        else: best, run = max(best, run), 0
    return best
# wrong: the last run only
def longest_quiet(levels, limit):
    run = 0
    for level in levels: run = run + 1 if level <= limit else 0
    return run

# task pyf-045
def initials(name): return "".join(word[0].upper() + "." for word in name.split())
# wrong: no dot at the end
def initials(name): return ".".join(word[0].upper() for word in name.split())
# wrong: letters as they are
def initials(name): return "".join(word[0] + "." for word in name.split())
# wrong: parts of a word too
def initials(name): return "".join(part[0].upper() + "." for part in name.replace("-", " ").split())
# wrong: capitals only
def initials(name): return "".join(word[0] + "." for word in name.split() if word[0].isupper())
# wrong: first and last
def initials(name):
    words = name.split()
    return "".join(word[0].upper() + "." for word in ([words[0], words[-1]] if len(words) > 1 else words))

# task pyf-046
def merge_stock(first, second):
    result = {}
    for stock in (first, second):
        for name, amount in stock.items(): result[name] = result.get(name, 0) + amount
    return {name: amount for name, amount in result.items() if amount}
# wrong: the second wins
def merge_stock(first, second): return {name: amount for name, amount in {**first, **second}.items() if amount}
# wrong: zeros stay
def merge_stock(first, second): return {name: first.get(name, 0) + second.get(name, 0) for name in {**first, **second}}
# wrong: negative ones go
def merge_stock(first, second):
    return {n: s for n in {**first, **second} if (s := first.get(n, 0) + second.get(n, 0)) > 0}
# wrong: goods of the first only
def merge_stock(first, second): return {n: s for n in first if (s := first[n] + second.get(n, 0))}

# task pyf-047
def swap_columns(table, i, j):
    return [[row[j] if k == i else row[i] if k == j else cell for k, cell in enumerate(row)] for row in table]
# wrong: one way only
def swap_columns(table, i, j): return [[row[j] if k == i else cell for k, cell in enumerate(row)] for row in table]
# wrong: rows
def swap_columns(table, i, j):
    if max(i, j) >= len(table): return table
    result = list(table)
    result[i], result[j] = result[j], result[i]
    return result
# wrong: the first row only
def swap_columns(table, i, j):
    result = [list(row) for row in table]
    if result: result[0][i], result[0][j] = result[0][j], result[0][i]
    return result
# wrong: neighbours
def swap_columns(table, i, j):
    result = [list(row) for row in table]
    for row in result: row[i:i + 2] = row[i:i + 2][::-1]
    return result

# task pyf-048
def running_best(jumps): return [max(jumps[:i + 1]) for i in range(len(jumps))]
# wrong: starts at zero
def running_best(jumps): return [max([0] + jumps[:i + 1]) for i in range(len(jumps))]
# wrong: the two last
def running_best(jumps): return [max(jumps[max(0, i - 1):i + 1]) for i in range(len(jumps))]
# wrong: the best of all
def running_best(jumps): return [max(jumps)] * len(jumps)
# wrong: sorted
def running_best(jumps): return sorted(jumps)
# wrong: records once
def running_best(jumps): return list(dict.fromkeys(max(jumps[:i + 1]) for i in range(len(jumps))))

# task pyf-049
def fold_repeats(text):
    import itertools
    runs = [(c, len(list(group))) for c, group in itertools.groupby(text)]
    return "".join(f"{c}*{n}" if n >= 3 else c * n for c, n in runs)
# wrong: from two on
def fold_repeats(text):
    import itertools
    runs = [(c, len(list(group))) for c, group in itertools.groupby(text)]
    return "".join(f"{c}*{n}" if n >= 2 else c * n for c, n in runs)
# wrong: from four on
def fold_repeats(text):
    import itertools
    runs = [(c, len(list(group))) for c, group in itertools.groupby(text)]
    return "".join(f"{c}*{n}" if n > 3 else c * n for c, n in runs)
# wrong: nine at most
def fold_repeats(text):
    import re
    return re.sub(r"(.)\1{2,8}", lambda m: f"{m[1]}*{len(m[0])}", text)
# wrong: wherever it stands
def fold_repeats(text): return "".join(f"{c}*{text.count(c)}" if text.count(c) >= 3 else c * text.count(c) for c in dict.fromkeys(text))
# wrong: letter case is nothing
def fold_repeats(text):
    import re
    return re.sub(r"(.)\1{2,}", lambda m: f"{m[1]}*{len(m[0])}", text, flags=re.I)
# wrong: letters only
def fold_repeats(text):
    import re
    return re.sub(r"([a-zA-Z])\1{2,}", lambda m: f"{m[1]}*{len(m[0])}", text)

# task pyf-050
def seat_label(seat, per_row): return chr(65 + seat // per_row) + str(seat % per_row + 1)
# wrong: places from zero
def seat_label(seat, per_row): return chr(65 + seat // per_row) + str(seat % per_row)
# wrong: small letters
def seat_label(seat, per_row): return chr(97 + seat // per_row) + str(seat % per_row + 1)
# wrong: seats from one
def seat_label(seat, per_row): return chr(65 + (seat - 1) // per_row) + str((seat - 1) % per_row + 1)
# wrong: ten in a row
def seat_label(seat, per_row): return chr(65 + seat // 10) + str(seat % 10 + 1)

# task pyf-051
def shared_ending(words):
    if not words: return ""
    result = words[0]
    while not all(word.endswith(result) for word in words): result = result[1:]
    return result
# wrong: the beginning
def shared_ending(words):
    import os
    return os.path.commonprefix(words)
# wrong: first and last word only
def shared_ending(words):
    if not words: return ""
    result = words[0]
    while not words[-1].endswith(result): result = result[1:]
    return result
# wrong: letter case is nothing
def shared_ending(words):
    if not words: return ""
    result = words[0]
    while not all(word.lower().endswith(result.lower()) for word in words): result = result[1:]
    return result
# wrong: equal letters anywhere from the end
def shared_ending(words):
    if not words: return ""
    pairs = zip(*(word[::-1] for word in words))
    return "".join(p[0] for p in pairs if len(set(p)) == 1)[::-1]
# wrong: needs two words
def shared_ending(words):
    if len(words) < 2: return ""
    result = words[0]
    while not all(word.endswith(result) for word in words): result = result[1:]
    return result

# task pyf-052
def change_points(values): return [i for i in range(1, len(values)) if values[i] != values[i - 1]]
# wrong: values
def change_points(values): return [values[i] for i in range(1, len(values)) if values[i] != values[i - 1]]
# wrong: from one
def change_points(values): return [i + 1 for i in range(1, len(values)) if values[i] != values[i - 1]]
# wrong: new values only
def change_points(values): return [i for i in range(1, len(values)) if values[i] not in values[:i]]
# wrong: before the change
def change_points(values): return [i for i in range(len(values) - 1) if values[i] != values[i + 1]]
# wrong: the first too
def change_points(values): return [i for i in range(len(values)) if i == 0 or values[i] != values[i - 1]]
# wrong: rises only
def change_points(values): return [i for i in range(1, len(values)) if values[i] > values[i - 1]]

# task pyf-053
def fair_shares(cents, people):
    share, rest = divmod(cents, people)
    return [share + (i < rest) for i in range(people)]
# wrong: the rest to the first
def fair_shares(cents, people): return [cents // people + (cents % people if i == 0 else 0) for i in range(people)]
# wrong: the larger last
def fair_shares(cents, people): return [(cents + i) // people for i in range(people)]
# wrong: the rest is lost
def fair_shares(cents, people): return [cents // people] * people
# wrong: fractions
def fair_shares(cents, people): return [cents / people] * people

# task pyf-054
def word_score(word, points):
    total = sum(points.get(letter, 0) for letter in word)
    return total * 2 if len(word) >= 7 else total
# wrong: above seven
def word_score(word, points):
    total = sum(points.get(letter, 0) for letter in word)
    return total * 2 if len(word) > 7 else total
# wrong: small letters
def word_score(word, points):
    total = sum(points.get(letter, 0) for letter in word.lower())
    return total * 2 if len(word) >= 7 else total
# wrong: each letter once
def word_score(word, points):
    total = sum(points.get(letter, 0) for letter in set(word))
    return total * 2 if len(word) >= 7 else total
# wrong: one for missing letters
def word_score(word, points):
    total = sum(points.get(letter, 1) for letter in word)
    return total * 2 if len(word) >= 7 else total
# wrong: letters with points count for the length
def word_score(word, points):
    known = [points[letter] for letter in word if letter in points]
    return sum(known) * (2 if len(known) >= 7 else 1)

# task pyf-055
def lift_floor(start, lowest, highest, moves):
    for move in moves:
        if lowest <= start + move <= highest: start += move
    return start
# wrong: stops at the border
def lift_floor(start, lowest, highest, moves):
    for move in moves: start = max(lowest, min(highest, start + move))
    return start
# wrong: ends at the first bad move
def lift_floor(start, lowest, highest, moves):
    for move in moves:
        if not lowest <= start + move <= highest: break
        start += move
    return start
# wrong: borders are out of range
def lift_floor(start, lowest, highest, moves):
    for move in moves:
        if lowest < start + move < highest: start += move
    return start
# wrong: no range
def lift_floor(start, lowest, highest, moves): return start + sum(moves)
# wrong: the lowest floor is zero
def lift_floor(start, lowest, highest, moves):
    for move in moves:
        if 0 <= start + move <= highest: start += move
    return start

# task pyf-056
def hide_digits(text, keep):
    left = sum(c.isdigit() for c in text) - keep
    result = ""
    for c in text:
        if c.isdigit():
            result += "#" if left > 0 else c
            left -= 1
        else: result += c
    return result
# wrong: characters are kept
def hide_digits(text, keep):
    cut = len(text) - keep
    return "".join("#" if c.isdigit() and i < cut else c for i, c in enumerate(text))
# wrong: none kept hides none
def hide_digits(text, keep):
    digits = [i for i, c in enumerate(text) if c.isdigit()]
    hidden = digits[:-keep] if keep else []
    return "".join("#" if i in hidden else c for i, c in enumerate(text))
# wrong: the first are kept
def hide_digits(text, keep):
    hidden = [i for i, c in enumerate(text) if c.isdigit()][keep:]
    return "".join("#" if i in hidden else c for i, c in enumerate(text))
# wrong: letters too
def hide_digits(text, keep):
    cut = len(text) - keep
    return "".join("#" if c.isalnum() and i < cut else c for i, c in enumerate(text))

# task pyf-057
def neighbour_sums(numbers):
    padded = [0] + numbers + [0]
    return [padded[i] + padded[i + 2] for i in range(len(numbers))]
# wrong: the number too
def neighbour_sums(numbers):
    padded = [0] + numbers + [0]
    return [sum(padded[i:i + 3]) for i in range(len(numbers))]
# wrong: around the end
def neighbour_sums(numbers):
    return [numbers[i - 1] + numbers[(i + 1) % len(numbers)] for i in range(len(numbers))]
# wrong: replaced as it goes
def neighbour_sums(numbers):
    padded = [0] + numbers + [0]
    for i in range(1, len(numbers) + 1): padded[i] = padded[i - 1] + padded[i + 1]
    return padded[1:-1]
# wrong: a missing neighbour counts like the number
def neighbour_sums(numbers):
    last = len(numbers) - 1
    return [numbers[max(0, i - 1)] + numbers[min(last, i + 1)] for i in range(len(numbers))]

# task pyf-058
def words_by_size(words):
    sizes = sorted({len(word) for word in words})
    return [[word for word in words if len(word) == size] for size in sizes]
# wrong: neighbours only
def words_by_size(words):
    import itertools
    return [list(group) for _, group in itertools.groupby(words, key=len)]
# wrong: groups sorted
def words_by_size(words):
    return [sorted(word for word in words if len(word) == size) for size in sorted({len(w) for w in words})]
# wrong: each once
def words_by_size(words):
    return [list(dict.fromkeys(w for w in words if len(w) == s)) for s in sorted({len(w) for w in words})]
# wrong: in order of appearance
def words_by_size(words):
    return [[w for w in words if len(w) == s] for s in dict.fromkeys(len(w) for w in words)]
# wrong: without empty words
def words_by_size(words):
    return [[w for w in words if len(w) == s] for s in sorted({len(w) for w in words if w})]

# task pyf-059
def read_settings(text):
    result = {}
    for part in text.split(";"):
        if "=" in part:
            name, value = part.split("=", 1)
            result[name.strip()] = value.strip()
    return result
# wrong: the last sign separates
def read_settings(text):
    return {n.strip(): v.strip() for p in text.split(";") if "=" in p for n, v in [p.rsplit("=", 1)]}
# wrong: spaces stay
def read_settings(text): return {n: v for p in text.split(";") if "=" in p for n, v in [p.split("=", 1)]}
# wrong: the first value stays
def read_settings(text):
    result = {}
    for p in text.split(";"):
        if "=" in p: result.setdefault(p.split("=", 1)[0].strip(), p.split("=", 1)[1].strip())
    return result
# wrong: parts without a value go
def read_settings(text):
    pairs = [p.split("=", 1) for p in text.split(";") if "=" in p]
    return {n.strip(): v.strip() for n, v in pairs if n.strip() and v.strip()}
# wrong: parts without the sign stay
def read_settings(text):
    return {n.strip(): v.strip() for p in text.split(";") if p.strip() for n, _, v in [p.partition("=")]}
# wrong: numbers
def read_settings(text):
    result = {}
    for part in text.split(";"):
        if "=" in part:
            name, value = part.split("=", 1)
            result[name.strip()] = int(value) if value.strip().isdigit() else value.strip()
    return result

# task pyf-060
def lost_tickets(tickets):
    return [n for n in range(min(tickets), max(tickets)) if n not in tickets] if tickets else []
# wrong: from one on
def lost_tickets(tickets): return [n for n in range(1, max(tickets, default=0)) if n not in tickets]
# wrong: in the given order
def lost_tickets(tickets): return [n for a, b in zip(tickets, tickets[1:]) for n in range(a + 1, b)]
# wrong: falling
def lost_tickets(tickets):
    return [n for n in range(min(tickets), max(tickets)) if n not in tickets][::-1] if tickets else []
# wrong: how many
def lost_tickets(tickets): return max(tickets) - min(tickets) + 1 - len(set(tickets)) if tickets else 0

# task pyf-061
def stagger(table): return [row[i % len(row):] + row[:i % len(row)] for i, row in enumerate(table)]
# wrong: to the right
def stagger(table): return [row[-i % len(row):] + row[:-i % len(row)] for i, row in enumerate(table)]
# wrong: not more than once around
def stagger(table): return [row[i:] + row[:i] if i < len(row) else row for i, row in enumerate(table)]
# wrong: the first row by one
def stagger(table): return [row[(i + 1) % len(row):] + row[:(i + 1) % len(row)] for i, row in enumerate(table)]
# wrong: every row by one
def stagger(table): return [row if i == 0 else row[1:] + row[:1] for i, row in enumerate(table)]

# task pyf-062
def wrap_lines(text, width):
    lines = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width: lines[-1] += " " + word
        else: lines.append(word)
    return lines
# wrong: the space is forgotten
def wrap_lines(text, width):
    lines = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) <= width: lines[-1] += " " + word
        else: lines.append(word)
    return lines
# wrong: one less
def wrap_lines(text, width):
    lines = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) < width: lines[-1] += " " + word
        else: lines.append(word)
    return lines
# wrong: wide words are cut
def wrap_lines(text, width):
    import textwrap
    return textwrap.wrap(" ".join(text.split()), width)
# wrong: characters
def wrap_lines(text, width): return [text[i:i + width] for i in range(0, len(text), width)]
# wrong: an empty line
def wrap_lines(text, width):
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width: lines.append(word)
        else: lines[-1] = (lines[-1] + " " + word).strip()
    return lines
