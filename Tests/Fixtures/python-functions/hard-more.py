# task pyf-079
def fewest_presses(target, plus, times):
    shown, presses = {1}, 0
    while shown:
        if target in shown: return presses
        shown = {n for v in shown for n in (v + plus, v * times) if n <= target}
        presses += 1
    return -1
# wrong: backwards and greedy
def fewest_presses(target, plus, times):
    presses = 0
    while target > 1:
        target = target // times if target % times == 0 else target - plus
        presses += 1
    return presses if target == 1 else -1
# wrong: multiplies while it can
def fewest_presses(target, plus, times):
    shown = 1
    presses = 0
    while shown < target:
        shown = shown * times if shown * times <= target else shown + plus
        presses += 1
    return presses if shown == target else -1
# wrong: adds only
def fewest_presses(target, plus, times):
    rest = target - 1
    return rest // plus if rest >= 0 and rest % plus == 0 else -1
# wrong: starts at zero
def fewest_presses(target, plus, times):
    shown, presses = {0}, 0
    while shown and presses <= max(0, target):
        if target in shown: return presses
        shown = {n for v in shown for n in (v + plus, v * times) if n <= target}
        presses += 1
    return -1

# task pyf-080
def piece_sizes(quilt):
    cells = {(y, x): colour for y, row in enumerate(quilt) for x, colour in enumerate(row)}
    sizes = []
    while cells:
        start = next(iter(cells))
        colour, todo, size = cells.pop(start), [start], 0
        while todo:
            y, x = todo.pop()
            size += 1
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if cells.get(near) == colour:
                    del cells[near]
                    todo.append(near)
        sizes.append(size)
    return sorted(sizes, reverse=True)
# wrong: corners touch too
def piece_sizes(quilt):
    cells = {(y, x): colour for y, row in enumerate(quilt) for x, colour in enumerate(row)}
    sizes = []
    while cells:
        start = next(iter(cells))
        colour, todo, size = cells.pop(start), [start], 0
        while todo:
            y, x = todo.pop()
            size += 1
            for near in [(y + b, x + a) for b in (-1, 0, 1) for a in (-1, 0, 1)]:
                if cells.get(near) == colour:
                    del cells[near]
                    todo.append(near)
        sizes.append(size)
    return sorted(sizes, reverse=True)
# wrong: patches of a colour
def piece_sizes(quilt):
    text = "".join(quilt)
    return sorted((text.count(c) for c in set(text)), reverse=True)
# wrong: right and down only
def piece_sizes(quilt):
    cells = {(y, x): colour for y, row in enumerate(quilt) for x, colour in enumerate(row)}
    sizes = []
    while cells:
        start = min(cells)
        colour, todo, size = cells.pop(start), [start], 0
        while todo:
            y, x = todo.pop()
            size += 1
            for near in ((y + 1, x), (y, x + 1)):
                if cells.get(near) == colour:
                    del cells[near]
                    todo.append(near)
        sizes.append(size)
    return sorted(sizes, reverse=True)
# wrong: in order of appearance
def piece_sizes(quilt):
    cells = {(y, x): colour for y, row in enumerate(quilt) for x, colour in enumerate(row)}
    sizes = []
    while cells:
        start = min(cells)
        colour, todo, size = cells.pop(start), [start], 0
        while todo:
            y, x = todo.pop()
            size += 1
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if cells.get(near) == colour:
                    del cells[near]
                    todo.append(near)
        sizes.append(size)
    return sizes

# task pyf-081
def join_bookings(bookings, pause):
    joined = []
    for start, end in sorted(bookings):
        if joined and start - joined[-1][1] <= pause: joined[-1][1] = max(joined[-1][1], end)
        else: joined.append([start, end])
    return joined
# wrong: below the pause
def join_bookings(bookings, pause):
    joined = []
    for start, end in sorted(bookings):
        if joined and start - joined[-1][1] < pause: joined[-1][1] = max(joined[-1][1], end)
        else: joined.append([start, end])
    return joined
# wrong: the last end counts
def join_bookings(bookings, pause):
    joined = []
    for start, end in sorted(bookings):
        if joined and start - joined[-1][1] <= pause: joined[-1][1] = end
        else: joined.append([start, end])
    return joined
# wrong: in the given order
def join_bookings(bookings, pause):
    joined = []
    for start, end in bookings:
        if joined and start - joined[-1][1] <= pause: joined[-1][1] = max(joined[-1][1], end)
        else: joined.append([start, end])
    return joined
# wrong: overlaps only
def join_bookings(bookings, pause):
    joined = []
    for start, end in sorted(bookings):
        if joined and start <= joined[-1][1]: joined[-1][1] = max(joined[-1][1], end)
        else: joined.append([start, end])
    return joined

# task pyf-082
def split_fields(line):
    fields, field, quoted, i = [], "", False, 0
    while i < len(line):
        if line[i] == '"':
            if quoted and line[i + 1:i + 2] == '"':
                field += '"'
                i += 1
            else: quoted = not quoted
        elif line[i] == "," and not quoted:
            fields.append(field)
            field = ""
        else: field += line[i]
        i += 1
    return fields + [field]
# wrong: quotes are nothing
def split_fields(line): return line.split(",")
# wrong: quotes are dropped
def split_fields(line): return [field.strip('"') for field in line.split(",")]
# wrong: two quotes mean none
def split_fields(line):
    fields, field, quoted = [], "", False
    for c in line:
        if c == '"': quoted = not quoted
        elif c == "," and not quoted:
            fields.append(field)
            field = ""
        else: field += c
    return fields + [field]
# wrong: spaces are cut
def split_fields(line):
    import csv
    return [field.strip() for field in next(csv.reader([line]), [""])] or [""]
# wrong: nothing for an empty line
def split_fields(line):
    import csv
    return next(csv.reader([line]), [])

# task pyf-083
def fill_letter(letter, values):
    import re
    def put(match):
        if match[0] == "{{": return "{"
        if match[0] == "}}": return "}"
        return values.get(match[1], match[0])
    return re.sub(r"\{\{|\}\}|\{([^{}]*)\}", put, letter)
# wrong: double braces stay
def fill_letter(letter, values):
    import re
    return re.sub(r"\{([^{}]*)\}", lambda m: values.get(m[1], m[0]), letter)
# wrong: what was put in is looked at again
def fill_letter(letter, values):
    for name, value in values.items(): letter = letter.replace("{" + name + "}", value)
    return letter.replace("{{", "{").replace("}}", "}")
# wrong: unknown names become nothing
def fill_letter(letter, values):
    import re
    def put(match):
        if match[0] == "{{": return "{"
        if match[0] == "}}": return "}"
        return values.get(match[1], "")
    return re.sub(r"\{\{|\}\}|\{([^{}]*)\}", put, letter)
# wrong: empty texts do not count
def fill_letter(letter, values):
    import re
    def put(match):
        if match[0] == "{{": return "{"
        if match[0] == "}}": return "}"
        return values.get(match[1]) or match[0]
    return re.sub(r"\{\{|\}\}|\{([^{}]*)\}", put, letter)
# wrong: fails on unknown names
def fill_letter(letter, values): return letter.format(**values)

# task pyf-084
def cellar_trips(room, requests):
    shelf, trips = [], 0
    for book in requests:
        if book in shelf: shelf.remove(book)
        else: trips += 1
        shelf = [book] + shelf[:room - 1]
    return trips
# wrong: a hit moves nothing
def cellar_trips(room, requests):
    shelf, trips = [], 0
    for book in requests:
        if book not in shelf:
            trips += 1
            shelf = [book] + shelf[:room - 1]
    return trips
# wrong: different books
def cellar_trips(room, requests): return len(set(requests))
# wrong: hits
def cellar_trips(room, requests):
    shelf, hits = [], 0
    for book in requests:
        if book in shelf:
            shelf.remove(book)
            hits += 1
        shelf = [book] + shelf[:room - 1]
    return hits
# wrong: one book more
def cellar_trips(room, requests):
    shelf, trips = [], 0
    for book in requests:
        if book in shelf: shelf.remove(book)
        else: trips += 1
        shelf = [book] + shelf[:room]
    return trips
# wrong: the front book goes
def cellar_trips(room, requests):
    shelf, trips = [], 0
    for book in requests:
        if book in shelf: shelf.remove(book)
        else:
            trips += 1
            if len(shelf) == room: shelf.pop(0)
        shelf = [book] + shelf
    return trips

# task pyf-085
def purse_after(notes):
    coins, done = 0, []
    for note in notes:
        word, _, number = note.partition(" ")
        if word == "undo":
            if done: coins -= done.pop()
            continue
        change = int(number) if word == "put" else -int(number)
        if change and coins + change >= 0:
            coins += change
            done.append(change)
    return coins
# wrong: a put of nothing can be taken back
def purse_after(notes):
    coins, done = 0, []
    for note in notes:
        word, _, number = note.partition(" ")
        if word == "undo":
            if done: coins -= done.pop()
            continue
        change = int(number) if word == "put" else -int(number)
        if coins + change >= 0:
            coins += change
            done.append(change)
    return coins
# wrong: what failed can be taken back
def purse_after(notes):
    coins, done = 0, []
    for note in notes:
        word, _, number = note.partition(" ")
        if word == "undo":
            if done: coins -= done.pop()
            continue
        change = int(number) if word == "put" else -int(number)
        done.append(change if coins + change >= 0 else 0)
        coins += done[-1]
    return coins
# wrong: one step back only
def purse_after(notes):
    coins, last = 0, 0
    for note in notes:
        word, _, number = note.partition(" ")
        if word == "undo": coins, last = coins - last, 0
        else:
            change = int(number) if word == "put" else -int(number)
            if change and coins + change >= 0: coins, last = coins + change, change
    return coins
# wrong: takes what there is
def purse_after(notes):
    coins, done = 0, []
    for note in notes:
        word, _, number = note.partition(" ")
        if word == "undo":
            if done: coins -= done.pop()
            continue
        change = int(number) if word == "put" else -min(coins, int(number))
        if change:
            coins += change
            done.append(change)
    return coins
# wrong: the last coin must stay
def purse_after(notes):
    coins, done = 0, []
    for note in notes:
        word, _, number = note.partition(" ")
        if word == "undo":
            if done: coins -= done.pop()
            continue
        change = int(number) if word == "put" else -int(number)
        if change > 0 or change and coins + change > 0:
            coins += change
            done.append(change)
    return coins

# task pyf-086
def routes_within(tolls, purse):
    def routes(y, x, paid):
        paid += tolls[y][x]
        if (y, x) == (len(tolls) - 1, len(tolls[0]) - 1): return int(paid <= purse)
        return sum(
            routes(b, a, paid) for b, a in ((y + 1, x), (y, x + 1)) if b < len(tolls) and a < len(tolls[0])
        )
    return routes(0, 0, 0)
# wrong: the first cell is free
def routes_within(tolls, purse):
    def routes(y, x, paid):
        if (y, x) != (0, 0): paid += tolls[y][x]
        if (y, x) == (len(tolls) - 1, len(tolls[0]) - 1): return int(paid <= purse)
        return sum(
            routes(b, a, paid) for b, a in ((y + 1, x), (y, x + 1)) if b < len(tolls) and a < len(tolls[0])
        )
    return routes(0, 0, 0)
# wrong: below the purse
def routes_within(tolls, purse):
    def routes(y, x, paid):
        paid += tolls[y][x]
        if (y, x) == (len(tolls) - 1, len(tolls[0]) - 1): return int(paid < purse)
        return sum(
            routes(b, a, paid) for b, a in ((y + 1, x), (y, x + 1)) if b < len(tolls) and a < len(tolls[0])
        )
    return routes(0, 0, 0)
# wrong: given up on the way
def routes_within(tolls, purse):
    def routes(y, x, paid):
        paid += tolls[y][x]
        if paid > purse: return 0
        if (y, x) == (len(tolls) - 1, len(tolls[0]) - 1): return 1
        return sum(
            routes(b, a, paid) for b, a in ((y + 1, x), (y, x + 1)) if b < len(tolls) and a < len(tolls[0])
        )
    return routes(0, 0, 0)
# wrong: all routes
def routes_within(tolls, purse):
    import math
    return math.comb(len(tolls) + len(tolls[0]) - 2, len(tolls) - 1)
# wrong: the cheapest only
def routes_within(tolls, purse):
    h, w = len(tolls), len(tolls[0])
    best = [[0] * w for _ in tolls]
    for y in range(h):
        for x in range(w):
            before = [best[y - 1][x]] if y else []
            if x: before.append(best[y][x - 1])
            best[y][x] = tolls[y][x] + min(before, default=0)
    return int(best[-1][-1] <= purse)
