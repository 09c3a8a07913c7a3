# task pyf-001
def add_three(a, b, c): return a + b + c
# wrong: leaves one out
def add_three(a, b, c): return a + b
# wrong: whole numbers only
def add_three(a, b, c): return int(a) + int(b) + int(c)
# wrong: loses signs
def add_three(a, b, c): return abs(a) + abs(b) + abs(c)
# wrong: adds equal numbers once
def add_three(a, b, c): return sum({a, b, c})
# wrong: multiplies
def add_three(a, b, c): return a * b * c

# task pyf-002
def double_each(numbers): return [n * 2 for n in numbers]
# wrong: repeats the list
def double_each(numbers): return numbers * 2
# wrong: squares
def double_each(numbers): return [n ** 2 for n in numbers]
# wrong: adds two
def double_each(numbers): return [n + 2 for n in numbers]
# wrong: whole numbers only
def double_each(numbers): return [int(n) * 2 for n in numbers]
# wrong: sorts
def double_each(numbers): return sorted(2 * n for n in numbers)
# wrong: positive ones only
def double_each(numbers): return [n * 2 if n > 0 else n for n in numbers]

# task pyf-003
def greet(name): return "Hello, " + name + "!"
# wrong: a capital at the start
def greet(name): return "Hello, " + name.capitalize() + "!"
# wrong: title case
def greet(name): return f"Hello, {name.title()}!"
# wrong: cuts white space
def greet(name): return f"Hello, {name.strip()}!"
# wrong: no comma
def greet(name): return f"Hello {name}!"
# wrong: another word for nobody
def greet(name): return f"Hello, {name}!" if name else "Hello!"

# task pyf-004
def taller(a, b): return max(a, b)
# wrong: the smaller
def taller(a, b): return min(a, b)
# wrong: by size without sign
def taller(a, b): return a if abs(a) > abs(b) else b
# wrong: whole numbers only
def taller(a, b): return int(max(a, b))
# wrong: never below zero
def taller(a, b): return max(a, b, 0)
# wrong: nothing for equal numbers
def taller(a, b):
    if a > b: return a
    if b > a: return b

# task pyf-005
def times_itself(number): return number * number
# wrong: doubles
def times_itself(number): return number * 2
# wrong: cubes
def times_itself(number): return number ** 3
# wrong: whole numbers only
def times_itself(number): return int(number) ** 2
# wrong: keeps the sign
def times_itself(number): return number * abs(number)

# task pyf-006
def seconds_in(minutes): return minutes * 60
# wrong: hours
def seconds_in(minutes): return minutes * 3600
# wrong: the other way round
def seconds_in(minutes): return minutes // 60
# wrong: within the hour
def seconds_in(minutes): return minutes % 60 * 60
# wrong: a hundred
def seconds_in(minutes): return minutes * 100
# wrong: with a fraction
def seconds_in(minutes): return minutes * 60.0

# task pyf-007
def text_size(text): return len(text)
# wrong: words
def text_size(text): return len(text.split())
# wrong: without white space at the ends
def text_size(text): return len(text.strip())
# wrong: without spaces
def text_size(text): return len(text.replace(" ", ""))
# wrong: different characters
def text_size(text): return len(set(text))
# wrong: bytes
def text_size(text): return len(text.encode())
# wrong: letters
def text_size(text): return sum(c.isalpha() for c in text)

# task pyf-008
def front_item(items): return items[0]
# wrong: the smallest
def front_item(items): return min(items)
# wrong: the last
def front_item(items): return items[-1]
# wrong: a list of it
def front_item(items): return items[:1]
# wrong: the second
def front_item(items): return items[1]
# wrong: the first that counts as true
def front_item(items): return next(item for item in items if item)

# task pyf-009
def cheaper(a, b): return min(a, b)
# wrong: the larger
def cheaper(a, b): return max(a, b)
# wrong: whole numbers only
def cheaper(a, b): return int(min(a, b))
# wrong: nothing for equal prices
def cheaper(a, b):
    if a < b: return a
    if b < a: return b
# wrong: no free goods
def cheaper(a, b): return min(p for p in (a, b) if p > 0)
# wrong: the first
def cheaper(a, b): return a

# task pyf-010
def pick_words(text): return text.split()
# wrong: at single spaces
def pick_words(text): return text.split(" ")
# wrong: small letters, letters and digits only
def pick_words(text): return [w.lower() for w in text.split() if w.isalnum()]
# wrong: small letters
def pick_words(text): return text.lower().split()
# wrong: without signs
def pick_words(text):
    import re
    return re.findall(r"\w+", text)
# wrong: each word once
def pick_words(text): return list(dict.fromkeys(text.split()))
# wrong: characters
def pick_words(text): return list(text)
# wrong: spaces only
def pick_words(text): return [w for w in text.split(" ") if w]

# task pyf-011
def only_positive(numbers): return [n for n in numbers if n > 0]
# wrong: from one on
def only_positive(numbers): return [n for n in numbers if n >= 1]
# wrong: zero too
def only_positive(numbers): return [n for n in numbers if n >= 0]
# wrong: sorted
def only_positive(numbers): return sorted(n for n in numbers if n > 0)
# wrong: each once
def only_positive(numbers): return list(dict.fromkeys(n for n in numbers if n > 0))
# wrong: signs dropped
def only_positive(numbers): return [abs(n) for n in numbers if n]
# wrong: whole numbers
def only_positive(numbers): return [int(n) for n in numbers if n > 0]

# task pyf-012
def whisper(text): return text.lower()
# wrong: capitals
def whisper(text): return text.upper()
# wrong: turned round
def whisper(text): return text.swapcase()
# wrong: first letter only
def whisper(text): return text[:1].lower() + text[1:]
# wrong: cuts white space
def whisper(text): return text.lower().strip()
# wrong: ASCII only
def whisper(text): return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)
# wrong: letters only
def whisper(text): return "".join(c.lower() for c in text if c.isalpha() or c == " ")

# task pyf-013
def total_length(words): return sum(len(word) for word in words)
# wrong: words
def total_length(words): return len(words)
# wrong: with spaces in between
def total_length(words): return len(" ".join(words))
# wrong: each word once
def total_length(words): return sum(len(word) for word in set(words))
# wrong: without white space
def total_length(words): return sum(len(word.replace(" ", "")) for word in words)
# wrong: the longest
def total_length(words): return max((len(word) for word in words), default=0)

# task pyf-014
def floor_area(width, length): return width * length
# wrong: whole numbers only
def floor_area(width, length): return int(width) * int(length)
# wrong: the way around
def floor_area(width, length): return 2 * (width + length)
# wrong: a square
def floor_area(width, length): return width ** 2
# wrong: the sum
def floor_area(width, length): return width + length
# wrong: whole result
def floor_area(width, length): return round(width * length)

# task pyf-015
def count_above(numbers, limit): return sum(1 for n in numbers if n > limit)
# wrong: the limit too
def count_above(numbers, limit): return sum(1 for n in numbers if n >= limit)
# wrong: different ones
def count_above(numbers, limit): return len({n for n in numbers if n > limit})
# wrong: signs dropped
def count_above(numbers, limit): return sum(1 for n in numbers if abs(n) > limit)
# wrong: the numbers
def count_above(numbers, limit): return [n for n in numbers if n > limit]
# wrong: their sum
def count_above(numbers, limit): return sum(n for n in numbers if n > limit)
# wrong: a whole step above
def count_above(numbers, limit): return sum(1 for n in numbers if n >= limit + 1)
# wrong: below
def count_above(numbers, limit): return sum(1 for n in numbers if n < limit)

# task pyf-016
def last_letter(text): return text[-1]
# wrong: small
def last_letter(text): return text[-1].lower()
# wrong: capital
def last_letter(text): return text[-1].upper()
# wrong: white space cut
def last_letter(text): return text.strip()[-1:]
# wrong: letters only
def last_letter(text): return [c for c in text if c.isalpha()][-1]
# wrong: the first
def last_letter(text): return text[0]
# wrong: the last word
def last_letter(text): return text.split(" ")[-1]

# task pyf-017
def even_ones(numbers): return [n for n in numbers if n % 2 == 0]
# wrong: odd
def even_ones(numbers): return [n for n in numbers if n % 2]
# wrong: sorted
def even_ones(numbers): return sorted(n for n in numbers if n % 2 == 0)
# wrong: each once
def even_ones(numbers): return list(dict.fromkeys(n for n in numbers if n % 2 == 0))
# wrong: without zero
def even_ones(numbers): return [n for n in numbers if n and n % 2 == 0]
# wrong: without negative ones
def even_ones(numbers): return [n for n in numbers if n >= 0 and n % 2 == 0]
# wrong: even places
def even_ones(numbers): return numbers[::2]
# wrong: how many
def even_ones(numbers): return sum(1 for n in numbers if n % 2 == 0)

# task pyf-018
def loud_words(words): return [word.upper() for word in words]
# wrong: first letters
def loud_words(words): return [word.capitalize() for word in words]
# wrong: one text
def loud_words(words): return " ".join(words).upper()
# wrong: white space cut
def loud_words(words): return [word.strip().upper() for word in words]
# wrong: without empty words
def loud_words(words): return [word.upper() for word in words if word]
# wrong: sorted
def loud_words(words): return sorted(word.upper() for word in words)
# wrong: each once
def loud_words(words): return list(dict.fromkeys(word.upper() for word in words))
# wrong: words of letters only
def loud_words(words): return [word.upper() if word.isalpha() else word for word in words]

# task pyf-019
def word_sizes(words): return [len(word) for word in words]
# wrong: their sum
def word_sizes(words): return sum(len(word) for word in words)
# wrong: sorted
def word_sizes(words): return sorted(len(word) for word in words)
# wrong: without empty words
def word_sizes(words): return [len(word) for word in words if word]
# wrong: white space cut
def word_sizes(words): return [len(word.strip()) for word in words]
# wrong: a dictionary
def word_sizes(words): return {word: len(word) for word in words}
# wrong: each once
def word_sizes(words): return [len(word) for word in dict.fromkeys(words)]

# task pyf-020
def gap_between(a, b): return abs(a - b)
# wrong: a sign
def gap_between(a, b): return b - a
# wrong: signs dropped first
def gap_between(a, b): return abs(abs(a) - abs(b))
# wrong: whole numbers only
def gap_between(a, b): return int(abs(a - b))
# wrong: the numbers in between
def gap_between(a, b): return max(0, abs(a - b) - 1)
# wrong: never below zero by cutting
def gap_between(a, b): return max(0, b - a)
# wrong: signs dropped and added
def gap_between(a, b): return abs(a) + abs(b)

# task pyf-021
def basket_total(prices): return sum(prices)
# wrong: whole numbers only
def basket_total(prices): return int(sum(prices))
# wrong: each price once
def basket_total(prices): return sum(set(prices))
# wrong: nothing for an empty list
def basket_total(prices): return sum(prices) if prices else None
# wrong: without negative prices
def basket_total(prices): return sum(p for p in prices if p > 0)
# wrong: how many
def basket_total(prices): return len(prices)
# wrong: first and last
def basket_total(prices): return prices[0] + prices[-1] if prices else 0

# task pyf-022
def eggs_left(eggs, taken): return eggs - taken
# wrong: more
def eggs_left(eggs, taken): return eggs + taken
# wrong: the other way round
def eggs_left(eggs, taken): return taken - eggs
# wrong: one is always taken
def eggs_left(eggs, taken): return eggs - 1
# wrong: what is taken stays
def eggs_left(eggs, taken): return taken
# wrong: a dozen at most
def eggs_left(eggs, taken): return (eggs - taken) % 12
# wrong: never an empty basket
def eggs_left(eggs, taken): return eggs - taken if eggs > taken else eggs

# task pyf-023
def is_frost(degrees): return degrees < 0
# wrong: zero too
def is_frost(degrees): return degrees <= 0
# wrong: whole degrees
def is_frost(degrees): return degrees <= -1
# wrong: not far below
def is_frost(degrees): return -50 < degrees < 0
# wrong: above
def is_frost(degrees): return degrees > 0
# wrong: a word
def is_frost(degrees): return "yes" if degrees < 0 else "no"
# wrong: a number
def is_frost(degrees): return 1 if degrees < 0 else 0
# wrong: freezing point of another scale
def is_frost(degrees): return degrees < 32

# task pyf-024
def hyphenate(words): return "-".join(words)
# wrong: spaces around
def hyphenate(words): return " - ".join(words)
# wrong: one at the end
def hyphenate(words): return "".join(word + "-" for word in words)
# wrong: without empty words
def hyphenate(words): return "-".join(word for word in words if word)
# wrong: small letters
def hyphenate(words): return "-".join(words).lower()
# wrong: white space cut
def hyphenate(words): return "-".join(word.strip() for word in words)
# wrong: sorted
def hyphenate(words): return "-".join(sorted(words))
# wrong: each once
def hyphenate(words): return "-".join(dict.fromkeys(words))
# wrong: two words only
def hyphenate(words): return "-".join(words[:2])
