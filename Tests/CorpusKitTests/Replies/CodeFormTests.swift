import CorpusKit
import Testing

@Suite("Code without layout and comments")
struct CodeFormTests {
    @Test(
        "A line goes when it is a comment in its own language",
        arguments: [
            ("python", "#todo\n  # x\n\nx = 1  \n#!/usr/bin/python3", ["x = 1"]),
            ("python", "x = (4\n// 3)  # floor", ["x = (4", "// 3)  # floor"]),
            (
                "c", "#define N 3\n# include <a.h>\n//x\n  // y\nint n;",
                ["#define N 3", "# include <a.h>", "int n;"]
            ),
            ("rust", "#[test]\n/// doc\nfn f() {}", ["#[test]", "fn f() {}"]),
            ("php", "# a\n// b\n$x = 1;", ["$x = 1;"]), ("sql", "-- a\nSELECT 1", ["SELECT 1"]),
            ("unheard-of", "#a\n// b", ["#a"]), ("bash", " \t\n#a", []),
        ] as [(String, String, [String])]
    )
    func lines(language: String, code: String, expected: [String]) {
        #expect(CodeForm.lines(of: code, language: language) == expected)
    }
}
