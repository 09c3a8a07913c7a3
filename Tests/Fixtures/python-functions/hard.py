# task pyf-071
def fullest_night(stays):
    return max((sum(a <= night < d for a, d in stays) for night in (a for a, _ in stays)), default=0)
# wrong: the departure day too
def fullest_night(stays):
    return max((sum(a <= night <= d for a, d in stays) for night in (a for a, _ in stays)), default=0)
# wrong: all guests
def fullest_night(stays): return len(stays)
# wrong: neighbours in the list
def fullest_night(stays):
    if not stays: return 0
    best = run = 1
    for left, right in zip(stays, stays[1:]):
        run = run + 1 if right[0] < left[1] else 1
        best = max(best, run)
    return best
# wrong: nights of the first guest only
def fullest_night(stays):
    return max((sum(a <= night < d for a, d in stays) for night in range(*stays[0])), default=0) if stays else 0
# wrong: the arrival night does not count
def fullest_night(stays):
    days = sorted({day for stay in stays for day in stay})
    return max((sum(a < day <= d and a + 1 < d for a, d in stays) for day in days), default=0)

# task pyf-072
def run_stack(program):
    stack = []
    needs = {"dup": 1, "swap": 2, "drop": 1, "+": 2, "-": 2, "*": 2}
    for word in program:
        if len(stack) < needs.get(word, 0): return None
        if word == "dup": stack.append(stack[-1])
        elif word == "drop": stack.pop()
        elif word in needs:
            high, low = stack.pop(), stack.pop()
            stack += {"swap": [high, low], "+": [low + high], "-": [low - high], "*": [low * high]}[word]
        else: stack.append(int(word))
    return stack
# wrong: the lower one on the right
def run_stack(program):
    stack = []
    needs = {"dup": 1, "swap": 2, "drop": 1, "+": 2, "-": 2, "*": 2}
    for word in program:
        if len(stack) < needs.get(word, 0): return None
        if word == "dup": stack.append(stack[-1])
        elif word == "drop": stack.pop()
        elif word in needs:
            high, low = stack.pop(), stack.pop()
            stack += {"swap": [high, low], "+": [low + high], "-": [high - low], "*": [low * high]}[word]
        else: stack.append(int(word))
    return stack
# wrong: a missing value is passed over
def run_stack(program):
    stack = []
    needs = {"dup": 1, "swap": 2, "drop": 1, "+": 2, "-": 2, "*": 2}
    for word in program:
        if len(stack) < needs.get(word, 0): continue
        if word == "dup": stack.append(stack[-1])
        elif word == "drop": stack.pop()
        elif word in needs:
            high, low = stack.pop(), stack.pop()
            stack += {"swap": [high, low], "+": [low + high], "-": [low - high], "*": [low * high]}[word]
        else: stack.append(int(word))
    return stack
# wrong: digits only, the top alone is given
def run_stack(program):
    stack = []
    for word in program:
        try:
            if word == "dup": stack.append(stack[-1])
            elif word == "drop": stack.pop()
            elif word == "swap": stack[-1], stack[-2] = stack[-2], stack[-1]
            elif word in "+-*": stack[-2:] = [eval(f"stack[-2] {word} stack[-1]")]
            else: stack.append(int(word))
        except IndexError: return None
    return stack[-1:]
# wrong: drop of nothing is fine
def run_stack(program):
    stack = []
    needs = {"dup": 1, "swap": 2, "+": 2, "-": 2, "*": 2}
    for word in program:
        if len(stack) < needs.get(word, 0): return None
        if word == "dup": stack.append(stack[-1])
        elif word == "drop": stack = stack[:-1]
        elif word in needs:
            high, low = stack.pop(), stack.pop()
            stack += {"swap": [high, low], "+": [low + high], "-": [low - high], "*": [low * high]}[word]
        else: stack.append(int(word))
    return stack

# task pyf-073
def cave_steps(cave):
    goal = (len(cave) - 1, len(cave[0]) - 1)
    front, seen, steps = [(0, 0, 0)], {(0, 0, 0)}, 0
    while front:
        after = []
        for y, x, rocks in front:
            if (y, x) == goal: return steps
            for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= b <= goal[0] and 0 <= a <= goal[1]:
                    state = (b, a, rocks + (cave[b][a] == "#"))
                    if state[2] <= 1 and state not in seen:
                        seen.add(state)
                        after.append(state)
        front, steps = after, steps + 1
    return -1
# wrong: no rock at all
def cave_steps(cave):
    goal = (len(cave) - 1, len(cave[0]) - 1)
    front, seen, steps = [(0, 0)], {(0, 0)}, 0
    while front:
        after = []
        for y, x in front:
            if (y, x) == goal: return steps
            for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= b <= goal[0] and 0 <= a <= goal[1] and cave[b][a] == "." and (b, a) not in seen:
                    seen.add((b, a))
                    after.append((b, a))
        front, steps = after, steps + 1
    return -1
# wrong: a cell is met once, with whatever rocks
def cave_steps(cave):
    goal = (len(cave) - 1, len(cave[0]) - 1)
    front, seen, steps = [(0, 0, 0)], {(0, 0)}, 0
    while front:
        after = []
        for y, x, rocks in front:
            if (y, x) == goal: return steps
            for b, a in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= b <= goal[0] and 0 <= a <= goal[1] and (b, a) not in seen:
                    if rocks + (cave[b][a] == "#") <= 1:
                        seen.add((b, a))
                        after.append((b, a, rocks + (cave[b][a] == "#")))
        front, steps = after, steps + 1
    return -1
# wrong: right and down only
def cave_steps(cave):
    h, w = len(cave), len(cave[0])
    costs = {(0, 0): 0}
    for y in range(h):
        for x in range(w):
            if (y, x) == (0, 0): continue
            before = [costs[p] for p in ((y - 1, x), (y, x - 1)) if p in costs]
            if before: costs[y, x] = min(before) + (cave[y][x] == "#")
    return h + w - 2 if costs[h - 1, w - 1] <= 1 else -1

# task pyf-074
def unroll_pattern(pattern):
    text = pattern.replace(" ", "")
    def number(i):
        j = i
        while j < len(text) and text[j].isdigit(): j += 1
        return (int(text[i:j]) if j > i else 1), j
    def group(i):
        out = ""
        while i < len(text) and text[i] != ")":
            if text[i] == "(":
                inner, i = group(i + 1)
                times, i = number(i + 2)
                out += inner * times
            else:
                times, after = number(i + 1)
                out += text[i] * times
                i = after
        return out, i
    return group(0)[0]
# wrong: groups hold no groups
def unroll_pattern(pattern):
    import re
    text = pattern.replace(" ", "")
    text = re.sub(r"\(([^()]*)\)x(\d+)", lambda m: m[1] * int(m[2]), text)
    return re.sub(r"([kp])(\d*)", lambda m: m[1] * int(m[2] or 1), text)
# wrong: one digit
def unroll_pattern(pattern):
    import re
    text = pattern.replace(" ", "")
    text = re.sub(r"([kp])(\d?)", lambda m: m[1] * int(m[2] or 1), text)
    while "(" in text: text = re.sub(r"\(([^()]*)\)x(\d)", lambda m: m[1] * int(m[2]), text)
    return text
# wrong: zero is one
def unroll_pattern(pattern):
    import re
    text = pattern.replace(" ", "")
    text = re.sub(r"([kp])(\d*)", lambda m: m[1] * max(1, int(m[2] or 1)), text)
    while "(" in text: text = re.sub(r"\(([^()]*)\)x(\d+)", lambda m: m[1] * max(1, int(m[2])), text)
    return text
# wrong: spaces part numbers from stitches
def unroll_pattern(pattern):
    import re
    text = re.sub(r"([kp])(\d*)", lambda m: m[1] * int(m[2] or 1), pattern)
    text = re.sub(r"[\s]", "", text)
    while "(" in text: text = re.sub(r"\(([^()]*)\)x(\d+)", lambda m: m[1] * int(m[2]), text)
    return re.sub(r"\d", "", text)

# task pyf-075
def best_spaced(values, gap):
    best = [0] * (len(values) + 1)
    for i, value in enumerate(values): best[i + 1] = max(best[i], value + best[max(0, i - gap)])
    return best[-1]
# wrong: greedy
def best_spaced(values, gap):
    total, taken = 0, []
    for i in sorted(range(len(values)), key=lambda i: -values[i]):
        if values[i] > 0 and all(abs(i - j) > gap for j in taken):
            taken.append(i)
            total += values[i]
    return total
# wrong: one tree closer
def best_spaced(values, gap):
    best = [0] * (len(values) + 1)
    for i, value in enumerate(values): best[i + 1] = max(best[i], value + best[max(0, i + 1 - max(1, gap))])
    return best[-1]
# wrong: a fixed step
def best_spaced(values, gap): return max((sum(v for v in values[s::gap + 1] if v > 0) for s in range(gap + 1)), default=0)
# wrong: one must be picked
def best_spaced(values, gap):
    if values and max(values) < 0: return max(values)
    best = [0] * (len(values) + 1)
    for i, value in enumerate(values): best[i + 1] = max(best[i], value + best[max(0, i - gap)])
    return best[-1]

# task pyf-076
def balances(loans):
    sums = {}
    for lender, borrower, amount in loans:
        sums[lender] = sums.get(lender, 0) + amount
        sums[borrower] = sums.get(borrower, 0) - amount
    return [[name, sums[name]] for name in sorted(sums) if sums[name]]
# wrong: signs turned round
def balances(loans):
    sums = {}
    for lender, borrower, amount in loans:
        sums[lender] = sums.get(lender, 0) - amount
        sums[borrower] = sums.get(borrower, 0) + amount
    return [[name, sums[name]] for name in sorted(sums) if sums[name]]
# wrong: zeros stay
def balances(loans):
    sums = {}
    for lender, borrower, amount in loans:
        sums[lender] = sums.get(lender, 0) + amount
        sums[borrower] = sums.get(borrower, 0) - amount
    return [[name, sums[name]] for name in sorted(sums)]
# wrong: not sorted
def balances(loans):
    sums = {}
    for lender, borrower, amount in loans:
        sums[lender] = sums.get(lender, 0) + amount
        sums[borrower] = sums.get(borrower, 0) - amount
    return [[name, total] for name, total in sums.items() if total]
# wrong: sorted by balance
def balances(loans):
    sums = {}
    for lender, borrower, amount in loans:
        sums[lender] = sums.get(lender, 0) + amount
        sums[borrower] = sums.get(borrower, 0) - amount
    return sorted(([n, s] for n, s in sums.items() if s), key=lambda pair: -pair[1])
# wrong: the last loan counts
def balances(loans):
    sums = {}
    for lender, borrower, amount in loans: sums[lender], sums[borrower] = amount, -amount
    return [[name, sums[name]] for name in sorted(sums) if sums[name]]

# task pyf-077
def cooking_order(needs):
    dishes = set(needs) | {dish for before in needs.values() for dish in before}
    order = []
    while len(order) < len(dishes):
        ready = sorted(d for d in dishes if d not in order and all(b in order for b in needs.get(d, [])))
        if not ready: return []
        order.append(ready[0])
    return order
# wrong: all that are ready at once
def cooking_order(needs):
    dishes = set(needs) | {dish for before in needs.values() for dish in before}
    order = []
    while len(order) < len(dishes):
        ready = sorted(d for d in dishes if d not in order and all(b in order for b in needs.get(d, [])))
        if not ready: return []
        order += ready
    return order
# wrong: what is only named does not count
def cooking_order(needs):
    order = []
    while len(order) < len(needs):
        ready = sorted(d for d in needs if d not in order and all(b in order or b not in needs for b in needs[d]))
        if not ready: return []
        order.append(ready[0])
    return order
# wrong: what can be cooked before a circle is given
def cooking_order(needs):
    dishes = set(needs) | {dish for before in needs.values() for dish in before}
    order = []
    while len(order) < len(dishes):
        ready = sorted(d for d in dishes if d not in order and all(b in order for b in needs.get(d, [])))
        if not ready: break
        order.append(ready[0])
    return order
# wrong: depth first
def cooking_order(needs):
    order, open_ = [], set()
    def cook(dish):
        if dish in open_: raise ValueError
        if dish in order: return
        open_.add(dish)
        for before in sorted(needs.get(dish, [])): cook(before)
        open_.discard(dish)
        order.append(dish)
    try:
        for dish in sorted(needs): cook(dish)
    except ValueError: return []
    return order

# task pyf-078
def sort_versions(versions):
    def key(version):
        numbers, dash, suffix = version.partition("-")
        parts = [int(part) for part in numbers.split(".")]
        while parts and parts[-1] == 0: parts.pop()
        return parts, not dash, suffix
    return sorted(versions, key=key)
# wrong: as text
def sort_versions(versions): return sorted(versions)
# wrong: a suffix comes last
def sort_versions(versions):
    def key(version):
        numbers, dash, suffix = version.partition("-")
        parts = [int(part) for part in numbers.split(".")]
        while parts and parts[-1] == 0: parts.pop()
        return parts, bool(dash), suffix
    return sorted(versions, key=key)
# wrong: missing numbers come first
def sort_versions(versions):
    def key(version):
        numbers, dash, suffix = version.partition("-")
        return [int(part) for part in numbers.split(".")], not dash, suffix
    return sorted(versions, key=key)
# wrong: numbers in suffixes
def sort_versions(versions):
    import re
    def key(version):
        numbers, dash, suffix = version.partition("-")
        parts = [int(part) for part in numbers.split(".")]
        while parts and parts[-1] == 0: parts.pop()
        return parts, not dash, [(int(p), "") if p.isdigit() else (0, p) for p in re.split(r"(\d+)", suffix)]
    return sorted(versions, key=key)
# wrong: each once
def sort_versions(versions):
    def key(version):
        numbers, dash, suffix = version.partition("-")
        parts = [int(part) for part in numbers.split(".")]
        while parts and parts[-1] == 0: parts.pop()
        return tuple(parts), not dash, suffix
    return list({key(v): v for v in sorted(versions, key=key)}.values())
