# task pyf-025
def fence_length(width, depth): return 2 * (width + depth)
# wrong: the area
def fence_length(width, depth): return width * depth
# wrong: half of it
def fence_length(width, depth): return width + depth
# wrong: a square
def fence_length(width, depth): return 4 * width
# wrong: whole numbers only
def fence_length(width, depth): return 2 * (int(width) + int(depth))
# wrong: nothing without an area
def fence_length(width, depth): return 2 * (width + depth) if width and depth else 0

# task pyf-026
def squeeze(text): return text.replace(" ", "")
# wrong: all white space
def squeeze(text): return "".join(text.split())
# wrong: ends only
def squeeze(text): return text.strip(" ")
# wrong: the first only
def squeeze(text): return text.replace(" ", "", 1)
# wrong: letters and tabs only
def squeeze(text): return "".join(c for c in text if c.isalpha() or c in "\t\n")
# wrong: runs become one
def squeeze(text):
    while "  " in text: text = text.replace("  ", " ")
    return text

# task pyf-027
def is_question(text): return text.endswith("?")
# wrong: anywhere
def is_question(text): return "?" in text
# wrong: white space cut
def is_question(text): return text.strip().endswith("?")
# wrong: exactly one
def is_question(text): return text.count("?") == 1 and text.endswith("?")
# wrong: with words before
def is_question(text): return len(text) > 1 and text.endswith("?")
# wrong: signs after it
def is_question(text): return text.rstrip("!).\"").endswith("?")

# task pyf-028
def both_ends(items): return [items[0], items[-1]]
# wrong: smallest and largest
def both_ends(items): return [min(items, key=str), max(items, key=str)]
# wrong: one item once
def both_ends(items): return items if len(items) < 2 else [items[0], items[-1]]
# wrong: the first two
def both_ends(items): return (items * 2)[:2]
# wrong: turned round
def both_ends(items): return [items[-1], items[0]]
# wrong: equal ends once
def both_ends(items): return [items[0]] if len(items) > 1 and items[0] == items[-1] else [items[0], items[-1]]

# task pyf-029
def parity_word(number): return "even" if number % 2 == 0 else "odd"
# wrong: turned round
def parity_word(number): return "odd" if number % 2 == 0 else "even"
# wrong: zero apart
def parity_word(number): return "even" if number and number % 2 == 0 else "odd"
# wrong: capitals
def parity_word(number): return "Even" if number % 2 == 0 else "Odd"
# wrong: negative ones are odd
def parity_word(number): return "even" if number >= 0 and number % 2 == 0 else "odd"
# wrong: one digit
def parity_word(number): return "even" if number in (0, 2, 4, 6, 8, -2) else "odd"

# task pyf-030
def count_letter(text, letter): return text.count(letter)
# wrong: small letters
def count_letter(text, letter): return text.lower().count(letter.lower())
# wrong: letters only
def count_letter(text, letter): return text.count(letter) if letter.isalpha() else 0
# wrong: whether
def count_letter(text, letter): return int(letter in text)
# wrong: runs
def count_letter(text, letter): return sum(1 for i, c in enumerate(text) if c == letter and text[i - 1:i] != letter)
# wrong: words with it
def count_letter(text, letter): return sum(letter in word for word in text.split())

# task pyf-031
def backwards(items): return items[::-1]
# wrong: sorted downwards
def backwards(items): return sorted(items, key=str, reverse=True)
# wrong: as it was
def backwards(items): return items
# wrong: the items too
def backwards(items): return [item[::-1] if isinstance(item, (str, list)) else item for item in items[::-1]]
# wrong: without the first
def backwards(items): return items[:0:-1]
# wrong: ends exchanged
def backwards(items): return items if len(items) < 2 else [items[-1]] + items[1:-1] + [items[0]]

# task pyf-032
def echo(text, times): return text * times
# wrong: once more
def echo(text, times): return text * (times + 1)
# wrong: spaces in between
def echo(text, times): return " ".join([text] * times)
# wrong: white space cut
def echo(text, times): return text.strip() * times
# wrong: at least once
def echo(text, times): return text * max(1, times)
# wrong: a list
def echo(text, times): return [text] * times
# wrong: twice
def echo(text, times): return text + text

# task pyf-033
def stamp_change(paid, price, stamps): return paid - price * stamps
# wrong: one stamp
def stamp_change(paid, price, stamps): return paid - price
# wrong: what is left over
def stamp_change(paid, price, stamps): return paid % price
# wrong: the cost
def stamp_change(paid, price, stamps): return price * stamps
# wrong: added
def stamp_change(paid, price, stamps): return paid - price - stamps
# wrong: at least one
def stamp_change(paid, price, stamps): return paid - price * max(1, stamps)

# task pyf-034
def first_letters(words): return "".join(word[0] for word in words)
# wrong: capitals
def first_letters(words): return "".join(word[0].upper() for word in words)
# wrong: small
def first_letters(words): return "".join(word[0].lower() for word in words)
# wrong: a list
def first_letters(words): return [word[0] for word in words]
# wrong: letters only
def first_letters(words): return "".join(word[0] for word in words if word[0].isalpha())
# wrong: sorted
def first_letters(words): return "".join(sorted(word[0] for word in words))
# wrong: last letters
def first_letters(words): return "".join(word[-1] for word in words)
# wrong: each once
def first_letters(words): return "".join(dict.fromkeys(word[0] for word in words))

# task pyf-035
def shelf_count(items): return len(items)
# wrong: different ones
def shelf_count(items): return len(set(map(str, items)))
# wrong: what counts as true
def shelf_count(items): return sum(1 for item in items if item)
# wrong: inner items too
def shelf_count(items): return sum(len(item) if isinstance(item, list) else 1 for item in items)
# wrong: the last place
def shelf_count(items): return len(items) - 1

# task pyf-036
def highest_price(prices): return max(prices)
# wrong: the lowest
def highest_price(prices): return min(prices)
# wrong: the last
def highest_price(prices): return prices[-1]
# wrong: never below zero
def highest_price(prices): return max([0] + prices)
# wrong: whole numbers only
def highest_price(prices): return int(max(prices))
# wrong: signs dropped
def highest_price(prices): return max(prices, key=abs)
# wrong: as text
def highest_price(prices): return max(prices, key=str)

# task pyf-037
def low_to_high(numbers): return sorted(numbers)
# wrong: downwards
def low_to_high(numbers): return sorted(numbers, reverse=True)
# wrong: as text
def low_to_high(numbers): return sorted(numbers, key=str)
# wrong: each once
def low_to_high(numbers): return sorted(set(numbers))
# wrong: signs dropped
def low_to_high(numbers): return sorted(numbers, key=abs)
# wrong: nothing comes back
def low_to_high(numbers): return numbers.sort()
# wrong: whole parts only
def low_to_high(numbers): return sorted(numbers, key=int)
# wrong: one pass of neighbours
def low_to_high(numbers):
    result = list(numbers)
    for i in range(len(result) - 1):
        if result[i] > result[i + 1]: result[i], result[i + 1] = result[i + 1], result[i]
    return result

# task pyf-038
def shout(text): return text.upper()
# wrong: small
def shout(text): return text.lower()
# wrong: first letters
def shout(text): return text.title()
# wrong: white space cut
def shout(text): return text.strip().upper()
# wrong: turned round
def shout(text): return text.swapcase()
# wrong: a sign at the end
def shout(text): return text.upper() + "!"
# wrong: ASCII only
def shout(text): return "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text)

# task pyf-039
def glue(left, right): return left + right
# wrong: turned round
def glue(left, right): return right + left
# wrong: a space in between
def glue(left, right): return left + " " + right
# wrong: white space cut
def glue(left, right): return left.strip() + right.strip()
# wrong: equal texts once
def glue(left, right): return left if left == right else left + right
# wrong: sums numbers
def glue(left, right): return str(int(left) + int(right)) if left.isdigit() and right.isdigit() else left + right

# task pyf-040
def may_vote(age): return age >= 18
# wrong: above eighteen
def may_vote(age): return age > 18
# wrong: below a hundred
def may_vote(age): return 18 <= age < 100
# wrong: from 21 on
def may_vote(age): return age >= 21
# wrong: from 16 on
def may_vote(age): return age >= 16
# wrong: below eighteen
def may_vote(age): return age < 18
# wrong: a word
def may_vote(age): return "yes" if age >= 18 else "no"

# task pyf-041
def days_in(weeks): return weeks * 7
# wrong: work days
def days_in(weeks): return weeks * 5
# wrong: weeks of days
def days_in(weeks): return weeks // 7
# wrong: a year at most
def days_in(weeks): return min(365, weeks * 7)
# wrong: with a fraction
def days_in(weeks): return weeks * 7.0
# wrong: hours
def days_in(weeks): return weeks * 24
