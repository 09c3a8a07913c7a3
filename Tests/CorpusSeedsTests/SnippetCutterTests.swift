import Testing

@testable import CorpusSeeds

@Suite("Snippet cutter")
struct SnippetCutterTests {
    private func cut(
        _ text: String,
        _ path: String,
        lines: ClosedRange<Int> = 3...30,
        perFile: Int = 9
    ) throws -> [SnippetCutter.Snippet] {
        let language = try #require(SourceLanguage.named(by: path))
        return SnippetCutter(lines: lines, perFile: perFile).snippets(of: text, language)
    }

    /// A file in some language, and the snippet that must be cut from it.
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let before: String
        let snippet: String
        let after: String
        var testDescription: String { path }
    }

    static let cases = [
        Case(
            path: "decorated.py",
            before: "import os\nVALUE = 1\n\n",
            snippet: """
                # Doubles what is given.
                @cache(
                    size=3,
                )
                async def double(
                    value,
                ):
                    \"\"\"Doc
                not code: {
                    \"\"\"
                    text = "} # not a comment"

                    # inside
                    return value * 2 + len(text)
                """,
            after: "\nprint(double(2))\n"
        ),
        Case(
            path: "brace.c",
            before: "#include <stdio.h>\n\n",
            snippet: """
                /* Counts '{' in a text. */
                static int count(const char *text)
                {
                    int found = 0; // a } here
                    for (; *text; text++) {
                        if (*text == '{' || *text == '\\'') found++;
                    }
                    return found;
                }
                """,
            after: "\nint table[] = { 1, 2 };\n"
        ),
        Case(
            path: "arrow.ts",
            before: "import { x } from 'y';\n",
            snippet: """
                export const total = async (items: Item[]): Promise<number> => {
                  const prices = items.map((item) => item.price);
                  const label = `sum } of ${prices.length}`;
                  return prices.reduce((sum, price) => sum + price, label.length);
                };
                """,
            after: "\nconsole.log(total([]));\n"
        ),
        Case(
            path: "life.rs",
            before: "use std::fmt;\n\n",
            snippet: """
                /// Picks the longer one.
                #[inline]
                pub(crate) fn longer<'a>(left: &'a str, right: &'a str) -> &'a str {
                    let open = '{';
                    let gain = left.len() > right.len() && !left.contains(open);
                    if gain { left } else { right }
                }
                """,
            after: "\nmod other;\n"
        ),
        Case(
            path: "rescue.rb",
            before: "require 'json'\n\n",
            snippet: """
                def load(path)
                  text = File.read(path)
                  JSON.parse(text)
                rescue Errno::ENOENT => error
                  warn "cannot read: #{error}"
                end
                """,
            after: "\nload('x')\n"
        ),
        Case(
            path: "Extension.swift",
            before: "import Foundation\n\n",
            snippet: """
                extension Array where Element == Int {
                    var mean: Double {
                        let total = Double(reduce(0, +))
                        let text = \"\"\"
                            { not a brace
                            \"\"\"
                        return total / Double(count) + Double(text.count)
                    }
                }
                """,
            after: "\nlet a = [1].mean\n"
        ),
        Case(
            path: "Method.java",
            before: "package a.b;\nimport java.util.List;\n\nclass Outer<T> { int field; }\n\n",
            snippet: """
                @SuppressWarnings("unchecked")
                public static <T> T last(List<T> items) throws Exception {
                    int index = items.size() - 1;
                    if (index < 0) {
                        throw new Exception("empty");
                    }
                    return items.get(index);
                }
                """,
            after: "\n"
        ),
        Case(
            path: "local.lua",
            before: "local M = {}\n\n",
            snippet: """
                local function clamp(value, low, high)
                  if value < low then
                    return low
                  end
                  return math.min(value, high) -- end
                end
                """,
            after: "\nreturn M\n"
        ),
        Case(
            path: "deploy.sh",
            before: "#!/bin/sh\nset -e\n\n",
            snippet: """
                build() {
                    count=$#
                    for part in "$@"; do
                        make "$part" # don't stop
                    done
                    echo "${count}"
                }
                """,
            after: "\nbuild a b\n"
        ),
        Case(
            path: "query.sql",
            before: "",
            snippet: """
                SELECT customer, sum(price) AS total
                FROM orders
                WHERE placed > '2020-01-01'
                GROUP BY customer;
                """,
            after: "\n-- nothing more\n"
        ),
    ]

    @Test("A definition is cut whole, with what belongs to it and nothing else", arguments: cases)
    func whole(example: Case) throws {
        let snippets = try cut(example.before + example.snippet + "\n" + example.after, example.path)

        let widest = snippets.max { $0.code.count < $1.code.count }
        #expect(widest?.code == example.snippet)
        #expect(widest?.line == example.before.split(separator: "\n", omittingEmptySubsequences: false).count)
    }

    @Test("Nested definitions stand by themselves when the outer one is too long, without their indentation")
    func nested() throws {
        let method = "\tdef area(self):\n\t\twide = self.width * self.scale\n\t\treturn wide * self.height\n"
        let text = "class Box:\n" + String(repeating: "\tfield = 1\n", count: 40) + "\n" + method

        let snippets = try cut(text, "a.py")

        #expect(
            snippets.map(\.code) == [
                "def area(self):\n\twide = self.width * self.scale\n\treturn wide * self.height"
            ]
        )
        #expect(snippets.map(\.line) == [43])
    }

    @Test("The richest identifiers win, ties go to the first, and snippets never overlap")
    func ranking() throws {
        let poor =
            "def poor(a):\n    a = a + a + a + a + a + a + a + a + a\n    a = a + a + a + a\n    return a\n\n"
        let rich =
            "def rich(width, height):\n    area = width * height\n    margin = area // 7\n    return margin\n\n"
        let outer =
            "class Holder:\n    size = 3\n    def inner(self, left):\n        right = left + 1\n        span = right - left * 3\n        return span\n"

        #expect(try cut(poor + rich, "a.py", perFile: 1).map(\.line) == [6])
        #expect(try cut(rich + rich, "a.py", perFile: 1).map(\.line) == [1])
        #expect(try cut(outer, "a.py", perFile: 5).count == 1)
        #expect(try cut(poor + rich, "a.py", perFile: 2).map(\.line) == [1, 6])
    }

    @Test(
        "Blocks without substance are left where they are",
        arguments: [
            ("import os\nimport sys\nimport json\nimport collections\nfrom itertools import chain\n", "a.py"),
            (
                "# Licensed under the MIT license, see LICENSE.\n# Copyright 2020 Someone Else\n# All rights reserved.\n# No warranty.\n",
                "a.py"
            ),
            (
                "def f(x):\n    \"\"\"A long description of what it does.\n\n    Many words.\n    \"\"\"\n    return x\n",
                "a.py"
            ),
            ("def f(x):\n    a = 1\n    return x\n", "a.py"),
            (
                "void f(void) {\n    open_everything_there_is(\n        first_argument_of_it,\n        second_argument_of_it);\n}\n",
                "a.c"
            ),
            (
                "}\n}\nint broken(int value) {\n    int twice = value * 2;\n    if (twice) {\n        return twice;\n",
                "a.c"
            ),
        ]
    )
    func refused(text: String, path: String) throws {
        #expect(try cut(text, path).isEmpty)
    }

    @Test("A comment that is a licence notice does not come along")
    func notice() throws {
        let body =
            "int sum(int a, int b) {\n    int total = a + b;\n    log_the_value(total);\n    return total;\n}"

        let snippets = try cut(
            "// Copyright 2020 Someone\n// Use is subject to a license.\n" + body + "\n",
            "a.c"
        )

        #expect(snippets.map(\.code) == [body])
    }

    @Test("A long comment is left behind where the definition alone fits")
    func longComment() throws {
        let body =
            "int sum(int a, int b) {\n    int total = a + b;\n    log_the_value(total);\n    return total;\n}"

        let snippets = try cut(String(repeating: "// words\n", count: 28) + body, "a.c")

        #expect(snippets.map(\.code) == [body])
    }

    @Test("Carriage returns and any line length between the bounds are handled", arguments: [4, 5, 6])
    func bounds(most: Int) throws {
        let text =
            "def f(x):\r\n    first = x + 1\r\n    second = first * 2\r\n    third = second\r\n    return third\r\n"

        let snippets = try cut(text, "a.py", lines: 3...most)

        #expect(
            snippets.map(\.code) == (most < 5 ? [] : [text.replacing("\r\n", with: "\n").dropLast() + ""])
        )
    }

    @Test("A file in brace languages that never closes what it opens is cut without a crash")
    func fuzz() throws {
        var state: UInt64 = 11
        let pieces = [
            "{", "}", "(", ")", "\"", "'", "`", "/*", "*/", "//", "#", "\n", " ", "func f(a) {\n", "x = 1\n",
            "\\", "def g():\n    a\n",
        ]
        for _ in 0..<300 {
            var text = ""
            for _ in 0..<60 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            for path in ["a.py", "a.go", "a.rb", "a.hs", "a.js", "a.rs"] {
                for snippet in try cut(text, path, lines: 1...30) {
                    #expect(text.contains(snippet.code.prefix(1)))
                }
            }
        }
    }
}
