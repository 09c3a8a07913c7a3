# task pyf-087
def van_difference(parcels):
    loads = {0}
    for parcel in parcels: loads = {abs(d) for load in loads for d in (load + parcel, load - parcel)}
    return min(loads)
# wrong: heaviest first into the lighter van
def van_difference(parcels):
    left = right = 0
    for parcel in sorted(parcels, reverse=True):
        if left <= right: left += parcel
        else: right += parcel
    return abs(left - right)
# wrong: every second one
def van_difference(parcels):
    ordered = sorted(parcels)
    return abs(sum(ordered[::2]) - sum(ordered[1::2]))
# wrong: odd or even
def van_difference(parcels): return sum(parcels) % 2
# wrong: as many in each
def van_difference(parcels):
    import itertools
    half = len(parcels) // 2
    return min((abs(sum(parcels) - 2 * sum(c)) for c in itertools.combinations(parcels, half)), default=0)
# wrong: each weight once
def van_difference(parcels):
    loads = {0}
    for parcel in set(parcels): loads = {abs(d) for load in loads for d in (load + parcel, load - parcel)}
    return min(loads)

# task pyf-088
def longest_row(dominoes):
    def longest(end, left):
        best = 0
        for i, (a, b) in enumerate(left):
            rest = left[:i] + left[i + 1:]
            if end in (None, a): best = max(best, 1 + longest(b, rest))
            if end in (None, b): best = max(best, 1 + longest(a, rest))
        return best
    return longest(None, dominoes)
# wrong: never turned around
def longest_row(dominoes):
    def longest(end, left):
        best = 0
        for i, (a, b) in enumerate(left):
            if end in (None, a): best = max(best, 1 + longest(b, left[:i] + left[i + 1:]))
        return best
    return longest(None, dominoes)
# wrong: the first that fits
def longest_row(dominoes):
    best = 0
    for first in range(len(dominoes)):
        left = list(dominoes)
        end = left.pop(first)[1]
        length = 1
        while True:
            fit = next((d for d in left if end in d), None)
            if fit is None: break
            left.remove(fit)
            end = fit[1] if fit[0] == end else fit[0]
            length += 1
        best = max(best, length)
    return best
# wrong: equal ones once
def longest_row(dominoes):
    dominoes = [list(d) for d in {tuple(sorted(d)) for d in dominoes}]
    def longest(end, left):
        best = 0
        for i, (a, b) in enumerate(left):
            rest = left[:i] + left[i + 1:]
            if end in (None, a): best = max(best, 1 + longest(b, rest))
            if end in (None, b): best = max(best, 1 + longest(a, rest))
        return best
    return longest(None, dominoes)
# wrong: any that touch
def longest_row(dominoes): return sum(any(set(d) & set(e) for e in dominoes if e is not d) for d in dominoes) or min(1, len(dominoes))

# task pyf-089
def fits(pattern, text):
    import re
    special = {"?": ".", "*": ".*", "#": "[0-9]+"}
    return bool(re.fullmatch("".join(special.get(c) or re.escape(c) for c in pattern), text, re.S))
# wrong: a part of the text
def fits(pattern, text):
    import re
    special = {"?": ".", "*": ".*", "#": "[0-9]+"}
    return bool(re.search("".join(special.get(c) or re.escape(c) for c in pattern), text, re.S))
# wrong: exactly one digit
def fits(pattern, text):
    import re
    special = {"?": ".", "*": ".*", "#": "[0-9]"}
    return bool(re.fullmatch("".join(special.get(c) or re.escape(c) for c in pattern), text, re.S))
# wrong: the star needs a character
def fits(pattern, text):
    import re
    special = {"?": ".", "*": ".+", "#": "[0-9]+"}
    return bool(re.fullmatch("".join(special.get(c) or re.escape(c) for c in pattern), text, re.S))
# wrong: a dot fits anything
def fits(pattern, text):
    import re
    return bool(re.fullmatch(pattern.replace("?", ".").replace("*", ".*").replace("#", "[0-9]+"), text, re.S))
# wrong: the question mark fits nothing too
def fits(pattern, text):
    import re
    special = {"?": ".?", "*": ".*", "#": "[0-9]+"}
    return bool(re.fullmatch("".join(special.get(c) or re.escape(c) for c in pattern), text, re.S))
# wrong: the star takes all it can
def fits(pattern, text):
    def at(p, t):
        if p == len(pattern): return t == len(text)
        if pattern[p] == "*":
            after = pattern[p + 1:p + 2]
            if not after: return True
            place = text.find(after, t)
            return place >= 0 and at(p + 1, place)
        if t == len(text): return False
        if pattern[p] == "#":
            end = t
            while end < len(text) and text[end].isdigit(): end += 1
            return end > t and at(p + 1, end)
        return pattern[p] in ("?", text[t]) and at(p + 1, t + 1)
    return at(0, 0)

# task pyf-090
def follow_path(folder, path):
    parts = [] if path.startswith("/") else [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            if not parts: return None
            parts.pop()
        elif part not in ("", "."): parts.append(part)
    return "/" + "/".join(parts)
# wrong: stays at the root
def follow_path(folder, path):
    import posixpath
    return posixpath.normpath(posixpath.join(folder, path))
# wrong: always from the folder
def follow_path(folder, path):
    parts = [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            if not parts: return None
            parts.pop()
        elif part not in ("", "."): parts.append(part)
    return "/" + "/".join(parts)
# wrong: only the end counts
def follow_path(folder, path):
    parts, depth = [] if path.startswith("/") else [part for part in folder.split("/") if part], 0
    for part in path.split("/"):
        if part == "..":
            if parts: parts.pop()
            else: depth += 1
        elif part not in ("", "."):
            if depth: depth -= 1
            else: parts.append(part)
    return None if depth else "/" + "/".join(parts)
# wrong: empty parts stay
def follow_path(folder, path):
    parts = [] if path.startswith("/") else folder.split("/")[1:]
    for part in path.split("/"):
        if part == "..":
            if not parts: return None
            parts.pop()
        elif part != ".": parts.append(part)
    return "/" + "/".join(parts)
# wrong: a slash at the end
def follow_path(folder, path):
    parts = [] if path.startswith("/") else [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            if not parts: return None
            parts.pop()
        elif part not in ("", "."): parts.append(part)
    return "/" + "".join(part + "/" for part in parts)

# task pyf-091
def settle_sand(table):
    table = [list(row) for row in table]
    while True:
        full = [(y, x) for y, row in enumerate(table) for x, grains in enumerate(row) if grains >= 4]
        if not full: return table
        for y, x in full:
            table[y][x] -= 4
            for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= b < len(table) and 0 <= a < len(table[0]): table[b][a] += 1
# wrong: one round
def settle_sand(table):
    table = [list(row) for row in table]
    for y, x in [(y, x) for y, row in enumerate(table) for x, grains in enumerate(row) if grains >= 4]:
        table[y][x] -= 4
        for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
            if 0 <= b < len(table) and 0 <= a < len(table[0]): table[b][a] += 1
    return table
# wrong: above four
def settle_sand(table):
    table = [list(row) for row in table]
    while True:
        full = [(y, x) for y, row in enumerate(table) for x, grains in enumerate(row) if grains > 4]
        if not full: return table
        for y, x in full:
            table[y][x] -= 4
            for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= b < len(table) and 0 <= a < len(table[0]): table[b][a] += 1
# wrong: around the edges
def settle_sand(table):
    table = [list(row) for row in table]
    for _ in range(100):
        full = [(y, x) for y, row in enumerate(table) for x, grains in enumerate(row) if grains >= 4]
        if not full: return table
        for y, x in full:
            table[y][x] -= 4
            for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                table[b % len(table)][a % len(table[0])] += 1
    return table
# wrong: grains stay on the table
def settle_sand(table):
    table = [list(row) for row in table]
    for _ in range(100):
        full = [(y, x) for y, row in enumerate(table) for x, grains in enumerate(row) if grains >= 4]
        if not full: return table
        for y, x in full:
            for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= b < len(table) and 0 <= a < len(table[0]):
                    table[b][a] += 1
                    table[y][x] -= 1
    return table
# wrong: all at once to the neighbours
def settle_sand(table):
    table = [list(row) for row in table]
    while True:
        full = [(y, x) for y, row in enumerate(table) for x, grains in enumerate(row) if grains >= 4]
        if not full: return table
        for y, x in full:
            share, table[y][x] = table[y][x] // 4, 0
            for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= b < len(table) and 0 <= a < len(table[0]): table[b][a] += share

# task pyf-092
def larger_calc(text):
    import re
    tokens = re.findall(r"\d+|[-+^()]", text)
    def atom():
        token = tokens.pop(0)
        if token != "(": return int(token)
        value = total()
        tokens.pop(0)
        return value
    def largest():
        value = atom()
        while tokens[:1] == ["^"]:
            tokens.pop(0)
            value = max(value, atom())
        return value
    def total():
        value = largest()
        while tokens[:1] in (["+"], ["-"]):
            value = value + largest() if tokens.pop(0) == "+" else value - largest()
        return value
    return total()
# wrong: from left to right throughout
def larger_calc(text):
    import re
    tokens = re.findall(r"\d+|[-+^()]", text)
    def atom():
        token = tokens.pop(0)
        if token != "(": return int(token)
        value = total()
        tokens.pop(0)
        return value
    def total():
        value = atom()
        while tokens and tokens[0] in "+-^":
            sign, other = tokens.pop(0), atom()
            value = max(value, other) if sign == "^" else value + other if sign == "+" else value - other
        return value
    return total()
# wrong: from right to left
def larger_calc(text):
    import re
    tokens = re.findall(r"\d+|[-+^()]", text)
    def atom():
        token = tokens.pop(0)
        if token != "(": return int(token)
        value = total()
        tokens.pop(0)
        return value
    def largest():
        value = atom()
        while tokens[:1] == ["^"]:
            tokens.pop(0)
            value = max(value, atom())
        return value
    def total():
        value = largest()
        if tokens[:1] == ["+"]: return value + (tokens.pop(0) and total())
        if tokens[:1] == ["-"]: return value - (tokens.pop(0) and total())
        return value
    return total()
# wrong: powers
def larger_calc(text): return int(eval(text.replace("^", "**")))
# wrong: bits
def larger_calc(text): return eval(text)
# wrong: binds more loosely
def larger_calc(text):
    import re
    if "(" in text:
        text = re.sub(r"\(([^()]*)\)", lambda m: str(larger_calc(m[1])), text)
        return larger_calc(text)
    return max(eval(part) for part in text.split("^"))

# task pyf-093
def descent(tree, name):
    if tree[0] == name: return [name]
    for child in tree[1]:
        way = descent(child, name)
        if way: return [tree[0]] + way
    return []
# wrong: the nearest to the root
def descent(tree, name):
    front = [[tree]]
    while front:
        way = front.pop(0)
        if way[-1][0] == name: return [person[0] for person in way]
        front += [way + [child] for child in way[-1][1]]
    return []
# wrong: the last one met
def descent(tree, name):
    if tree[0] == name: return [name]
    for child in reversed(tree[1]):
        way = descent(child, name)
        if way: return [tree[0]] + way
    return []
# wrong: without the root
def descent(tree, name):
    for child in tree[1]:
        if child[0] == name: return [name]
        way = descent(child, name)
        if way: return [child[0]] + way
    return []
# wrong: upwards
def descent(tree, name):
    if tree[0] == name: return [name]
    for child in tree[1]:
        way = descent(child, name)
        if way: return way + [tree[0]]
    return []
# wrong: the deepest
def descent(tree, name):
    for child in tree[1]:
        way = descent(child, name)
        if way: return [tree[0]] + way
    return [name] if tree[0] == name else []
# wrong: everybody met on the search
def descent(tree, name):
    met = []
    def look(person):
        met.append(person[0])
        return person[0] == name or any(look(child) for child in person[1])
    return met if look(tree) else []
