import CorpusKit

/// The least program that fits a task's tests and does nothing: what no honest suite lets pass.
enum EmptyStub {
    /// The stub's source, or nil where the language needs types that the tests do not tell.
    static func source(for tests: TestSuite, in language: String) -> String? {
        switch tests {
        case .call(let entryPoint, _, _):
            switch language {
            case "python": "def \(entryPoint)(*args, **kwargs):\n    return None\n"
            case "javascript": "function \(entryPoint)() { return null; }\n"
            case "ruby": "def \(entryPoint)(*)\n  nil\nend\n"
            default: nil
            }
        case .io: programs[language]
        }
    }

    private static let programs = [
        "python": "pass\n",
        "javascript": ";\n",
        "typescript": "export {};\n",
        "ruby": "nil\n",
        "bash": ":\n",
        "c": "int main(void) { return 0; }\n",
        "cpp": "int main() { return 0; }\n",
        "go": "package main\n\nfunc main() {}\n",
        "rust": "fn main() {}\n",
        "swift": "// nothing\n",
        "java": "public class Main {\n    public static void main(String[] arguments) {}\n}\n",
    ]
}
